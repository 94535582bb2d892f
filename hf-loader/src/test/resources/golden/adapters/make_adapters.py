"""Makes the adapters beside this file and what PEFT merges them to.

peft 0.21.0, torch 2.13.0, transformers 5.18.0, safetensors 0.8.0, all in float32 on the CPU:

    python make_adapters.py

Bases are ../checkpoints/FAMILY/base. Every adapter gets random factors; expected.safetensors holds
the tensors that merge_and_unload changed, under the names of the base's file.
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForImageClassification, AutoModelForMaskedLM

HERE = pathlib.Path(__file__).parent
BASES = HERE.parent / "checkpoints"

CASES = {
    "gpt2-embedding": ("gpt2", AutoModelForCausalLM, dict(
        r=3, lora_alpha=5, target_modules=["wte", "c_attn"], fan_in_fan_out=True)),
    "gpt2-dora": ("gpt2", AutoModelForCausalLM, dict(
        r=2, lora_alpha=4, target_modules=["wpe", "c_attn", "mlp.c_proj"], fan_in_fan_out=True,
        use_dora=True)),
    "qwen2-bias-all": ("qwen2", AutoModelForCausalLM, dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "o_proj"], bias="all")),
    "qwen2-bias-lora-only": ("qwen2", AutoModelForCausalLM, dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "k_proj"], bias="lora_only")),
    "qwen2-lora-bias": ("qwen2", AutoModelForCausalLM, dict(
        r=2, lora_alpha=6, target_modules=["q_proj", "v_proj"], lora_bias=True)),
    "llama-layers": ("llama", AutoModelForCausalLM, dict(
        r=5, lora_alpha=3, target_modules=["q_proj", "up_proj"], layers_to_transform=[1, 2],
        layers_pattern="layers", alpha_pattern={r"layers\.2\..*": 7})),
    "llama-regex": ("llama", AutoModelForCausalLM, dict(
        r=2, lora_alpha=2, target_modules=r".*\.(?:[13])\.(?:self_attn|mlp)\.(?:k_proj|gate_proj)",
        rank_pattern={"^model.layers.1.self_attn.k_proj": 7})),
    "llama-head": ("llama", AutoModelForCausalLM, dict(
        r=4, lora_alpha=8, target_modules="all-linear", modules_to_save=["lm_head", "norm"])),
    "vit-convolution": ("vit", AutoModelForImageClassification, dict(
        r=3, lora_alpha=6, target_modules=["projection"], use_dora=True)),
    "roberta-rs": ("roberta", AutoModelForMaskedLM, dict(
        r=8, lora_alpha=8, target_modules=["dense"], exclude_modules=["lm_head.dense"],
        use_rslora=True)),
}


def make(name, family, model_class, settings, seed):
    torch.manual_seed(seed)
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    base = BASES / family / "base"
    before = load_file(base / "model.safetensors")
    model = model_class.from_pretrained(base, dtype=torch.float32)
    original = {k: v.clone() for k, v in model.state_dict().items()}
    model = get_peft_model(model, LoraConfig(**settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_magnitude" in key:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
            elif parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.peft_config["default"].base_model_name_or_path = f"tiny-{family}-base"
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    merged = model.merge_and_unload().state_dict()
    # models saved from a bare class have no prefix
    names = {}
    for key in merged:
        names[key] = key if key in before else key.split(".", 1)[1]
    changed = {names[k]: v.contiguous() for k, v in merged.items()
               if not torch.equal(v, original[k]) and names[k] in before}
    save_file(changed, folder / "expected.safetensors", metadata={"format": "pt"})
    print(name, len(changed), sorted({k.split(".")[-2] + "." + k.split(".")[-1] for k in changed}))


for number, (name, case) in enumerate(CASES.items()):
    make(name, *case, seed=number)
