"""Small images, what transformers' ViTImageProcessorPil makes of them, and what the vit reference checkpoint says to them.

usage: make_images.py CHECKPOINTS/vit/base (writes files beside this one)
made with transformers 5.18.0, Pillow 12.3.0, torch 2.13.0; f32, eager attention
"""
import json
import os
import sys

import numpy as np
import torch
import transformers as t
from PIL import Image
from safetensors.torch import save_file
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(11)


def picture(w, h, channels=3):
    y, x = np.mgrid[0:h, 0:w]
    waves = [127 + 100 * np.sin(x / (3 + c) + y / (5 - c)) for c in range(channels)]
    return np.clip(np.stack(waves, -1) + rng.normal(0, 20, (h, w, channels)), 0, 255).astype(np.uint8)


images = {
    "LABEL_0/wide.png": Image.fromarray(picture(61, 40)),
    "LABEL_0/small.png": Image.fromarray(picture(13, 9)),
    "LABEL_1/exact.png": Image.fromarray(picture(32, 32)),
    "LABEL_1/grey.png": Image.fromarray(picture(50, 33, 1)[..., 0]),
    "LABEL_3/alpha.png": Image.fromarray(picture(37, 70, 4)),
    "LABEL_3/palette.png": Image.fromarray(picture(45, 45)).quantize(17),
    "LABEL_3/photo.jpg": Image.fromarray(picture(64, 48)),
}
settings = {
    "standard": dict(size={"height": 32, "width": 32}, resample=2),
    "bicubic": dict(size={"height": 20, "width": 32}, resample=3, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]),
    "lanczos": dict(size={"height": 40, "width": 24}, resample=1, do_normalize=False),
    "nearest": dict(size={"height": 32, "width": 21}, resample=0, do_rescale=False, do_normalize=False),
    "box": dict(size={"height": 16, "width": 16}, resample=4),
    "hamming": dict(size={"height": 16, "width": 50}, resample=5, rescale_factor=0.01),
}
out = {}
for name, image in images.items():
    path = os.path.join(HERE, "classes", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    image.save(path, quality=92) if name.endswith("jpg") else image.save(path)
for name in images:
    image = Image.open(os.path.join(HERE, "classes", name)).convert("RGB")
    for key, values in settings.items():
        if key != "standard" and name not in ("LABEL_0/wide.png", "LABEL_0/small.png"):
            continue
        pixels = ViTImageProcessorPil(**values)(image, return_tensors="pt")["pixel_values"][0]
        out[key + "/" + name] = pixels.float().contiguous()
model = t.ViTForImageClassification.from_pretrained(sys.argv[1], attn_implementation="eager").eval()
names = sorted(images)
with torch.no_grad():
    logits = model(torch.stack([out["standard/" + n] for n in names])).logits
labels = torch.tensor([int(n[6]) for n in names])
save_file(out, os.path.join(HERE, "pixels.safetensors"))
json.dump({"names": names, "logits": logits.tolist(), "accuracy": float((logits.argmax(1) == labels).double().mean()),
           "loss": float(torch.nn.functional.cross_entropy(logits.double(), labels))},
          open(os.path.join(HERE, "expected.json"), "w"), indent=1)
ViTImageProcessorPil(**settings["standard"]).save_pretrained(HERE)
