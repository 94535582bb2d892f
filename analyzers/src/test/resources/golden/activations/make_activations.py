"""What gpt2's reference checkpoints (base, a, b) do on two texts: the measures of `conflicts --text`, by transformers and numpy.

usage: make_activations.py CHECKPOINTS/gpt2 (writes vocab.json, merges.txt, one.txt, two.txt, expected.json beside this file)
made with transformers 5.18.0, torch 2.13.0, numpy 2.4.6; models in f32, eager attention; measures in f64
"""
import json
import os
import random
import sys

import numpy as np
import torch
import transformers as t
from safetensors.torch import load_file

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = sys.argv[1]
WEIGHTS = {"a": 1.0, "b": 0.5}
WINDOW = 40

# a vocabulary of the checkpoint's 96 ids: the end of text, 94 characters, one pair
vocab = {"<|endoftext|>": 0}
for i in range(1, 95):
    vocab[chr(ord("!") + i - 1)] = i
vocab["ab"] = 95
json.dump(vocab, open(os.path.join(HERE, "vocab.json"), "w"))
open(os.path.join(HERE, "merges.txt"), "w").write("#version: 0.2\na b\n")
random.seed(5)
texts = {"one": "".join(random.choice("abcdefgh") for _ in range(333)),
         "two": "".join(random.choice("stuvwxyz0123") for _ in range(260))}
for name, text in texts.items():
    open(os.path.join(HERE, name + ".txt"), "w").write(text)

tokenizer = t.GPT2Tokenizer(vocab=vocab, merges=[("a", "b")])


def windows(text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return torch.tensor([ids[i * WINDOW:(i + 1) * WINDOW] for i in range(len(ids) // WINDOW)])


tensors = {m: load_file(os.path.join(SOURCE, m, "model.safetensors")) for m in ("base", "a", "b")}


def model(weights):
    found = t.AutoModelForCausalLM.from_pretrained(os.path.join(SOURCE, "base"), attn_implementation="eager").eval()
    state = found.state_dict()
    with torch.no_grad():
        for name, base in tensors["base"].items():
            delta = sum(w * (tensors[m][name].double() - base.double()) for m, w in weights.items())
            key = name if name in state else "transformer." + name
            state[key].copy_((base.double() + delta).float())
    return found


def run(net, ids):
    outputs, inputs, hooks = [], [], []
    for block in net.transformer.h:
        for part in (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj):
            hooks.append(part.register_forward_pre_hook(lambda _, args: inputs.append(args[0])))
        hooks.append(block.register_forward_hook(
            lambda _, args, out: outputs.append(out[0] if isinstance(out, tuple) else out)))
    with torch.no_grad():
        logits = net(ids).logits
    for hook in hooks:
        hook.remove()
    flat = lambda x: x.reshape(-1, x.shape[-1]).double().numpy()
    return flat(logits), [flat(x) for x in outputs], [flat(x) for x in inputs]


def cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def overlap(x, y):
    g, h = x.T @ x, y.T @ y
    return float((g * h).sum() / (np.linalg.norm(g) * np.linalg.norm(h)))


def log_softmax(x):
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


models, names = ["a", "b"], ["one", "two"]
whole, both = model(WEIGHTS), []
expected = {"tasks": []}
base_inputs = []
for m, text in zip(models, names):
    ids = windows(texts[text])
    _, own, _ = run(model({m: 1.0}), ids)
    alone, _, _ = run(model({m: WEIGHTS[m]}), ids)
    summed, states, _ = run(whole, ids)
    _, ofbase, inputs = run(model({}), ids)
    base_inputs.append(inputs)
    p, q = log_softmax(alone), log_softmax(summed)
    expected["tasks"].append({
        "sequences": ids.shape[0], "tokens": ids.numel(),
        "outputChange": float((alone.argmax(1) != summed.argmax(1)).mean()),
        "outputDivergence": float((np.exp(p) * (p - q)).sum(1).mean()),
        "cka": [cka(x, y) for x, y in zip(own, states)],
        "baseCka": [cka(x, y) for x, y in zip(own, ofbase)],
        "representationBias": [float(np.abs(x - y).mean()) for x, y in zip(own, states)],
        "varianceRatio": [float(y.var(0).sum() / x.var(0).sum()) for x, y in zip(own, states)],
    })
expected["disentanglementError"] = sum(task["outputChange"] for task in expected["tasks"])
# by layer: inputs of Q, K and V, of O, of M1, of M2
expected["inputGramOverlap"] = [[overlap(base_inputs[0][4 * n + k], base_inputs[1][4 * n + k]) for k in range(4)]
                                for n in range(len(base_inputs[0]) // 4)]
json.dump(expected, open(os.path.join(HERE, "expected.json"), "w"), indent=1)
