"""Losses, scores, probabilities and a continuation of reference checkpoints, by transformers.

usage: make_eval.py GOLDEN (the folder that has checkpoints/, forward/ and formats/; writes files beside this one)
made with transformers 5.18.0, tokenizers 0.23.2, torch 2.13.0, numpy 2.4.6; f32, eager attention; losses in f64
"""
import json
import os
import random
import string
import sys

import numpy as np
import torch
import transformers as t
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = sys.argv[1]
MASK64 = (1 << 64) - 1
random.seed(3)


class SplittableRandom:
    """java.util.SplittableRandom: SplitMix64 with the golden gamma."""

    def __init__(self, seed):
        self.seed = seed & MASK64

    def next_double(self):
        self.seed = (self.seed + 0x9E3779B97F4A7C15) & MASK64
        z = self.seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
        z ^= z >> 31
        return (z >> 11) * 2.0 ** -53


def load(cls, *path):
    return cls.from_pretrained(os.path.join(GOLDEN, *path), attn_implementation="eager").eval()


def nll(logits, labels):
    return torch.nn.functional.cross_entropy(logits.double(), torch.tensor(labels), reduction="none")


def words(count):
    return " ".join("".join(random.choice("abcdefgh") for _ in range(random.randint(1, 5))) for _ in range(count))


special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
letters = special + list(string.ascii_lowercase) + ["##" + c for c in string.ascii_lowercase]
vocabularies = {"bert": letters + [str(d) for d in range(10)] + list("!?.,;:-+*/=()[]{}<>@#$%&"), "bert-sequence": letters}
for name, size in (("bert", 96), ("bert-sequence", 64)):
    tokens = (vocabularies[name] + ["[unused%d]" % i for i in range(99)])[:size]
    vocabularies[name] = {token: i for i, token in enumerate(tokens)}
    open(os.path.join(HERE, name + "-vocab.txt"), "w").write("\n".join(tokens) + "\n")
out = {}

# masked language model: windows of 20 tokens, 18 of them text, 15 % masked by the seed
text = words(60)
open(os.path.join(HERE, "masked.txt"), "w").write(text)
tokenizer = BertWordPieceTokenizer(vocab=vocabularies["bert"], lowercase=True)
model = load(t.BertForMaskedLM, "checkpoints", "bert", "base")
plain, rng, losses, hits = tokenizer.encode(text, add_special_tokens=False).ids, SplittableRandom(7), [], []
for begin in range(0, len(plain), 18):
    labels = [2] + plain[begin:begin + 18] + [3]
    places = [i for i in range(1, len(labels) - 1) if rng.next_double() < 0.15]
    if places:
        ids = [4 if i in places else label for i, label in enumerate(labels)]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        losses += nll(logits, labels)[places].tolist()
        hits += (logits.argmax(1)[places] == torch.tensor(labels)[places]).tolist()
out["masked"] = {"tokens": len(plain), "scoredTokens": len(losses), "loss": float(np.mean(losses)), "accuracy": float(np.mean(hits))}

# sequence classification: texts and pairs, three classes
rows = [(words(random.randint(1, 6)), words(3) if i % 2 else "", random.randint(0, 2)) for i in range(14)]
open(os.path.join(HERE, "rows.jsonl"), "w").write("".join(
    json.dumps(dict(text=a, label=("LABEL_%d" % c) if i % 3 else c, **(dict(text_pair=b) if b else {}))) + "\n"
    for i, (a, b, c) in enumerate(rows)))
tokenizer = BertWordPieceTokenizer(vocab=vocabularies["bert-sequence"], lowercase=True)
model = load(t.BertForSequenceClassification, "forward", "bert-sequence")
logits = []
for a, b, _ in rows:
    e = tokenizer.encode(a, b) if b else tokenizer.encode(a)
    with torch.no_grad():
        logits.append(model(torch.tensor([e.ids]), token_type_ids=torch.tensor([e.type_ids])).logits[0])
logits, labels = torch.stack(logits), [c for _, _, c in rows]
guess = logits.argmax(1).tolist()
f1 = []
for c in sorted(set(labels) | set(guess)):
    both = sum(g == c and l == c for g, l in zip(guess, labels))
    f1.append(2 * both / (guess.count(c) + labels.count(c)))
out["sequence"] = {"accuracy": float(np.mean([g == l for g, l in zip(guess, labels)])), "macro-f1": float(np.mean(f1)),
                   "loss": float(nll(logits, labels).mean()), "text": rows[0][0], "probabilities": logits[0].double().softmax(0).tolist()}

# generation: the vocabulary of characters that the tests give gpt2 (95 is "ab")
characters = ["<|endoftext|>"] + [chr(ord("!") + i - 1) for i in range(1, 95)] + ["ab"]
prompt = "task-ab"
ids = [characters.index(c) for c in "task-"] + [95]
model = load(t.GPT2LMHeadModel, "checkpoints", "gpt2", "a")
generated = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False, eos_token_id=0, pad_token_id=0)[0][len(ids):].tolist()
out["generation"] = {"prompt": prompt, "ids": generated, "text": "".join(characters[i] for i in generated if i)}

# a base with an adapter: peft's merge, in formats/lora-llama
model = load(t.LlamaForCausalLM, "checkpoints", "llama", "base")
merged = load_file(os.path.join(GOLDEN, "formats", "lora-llama", "expected-merged", "model.safetensors"))
state = model.state_dict()
assert set(merged) <= set(state)
model.load_state_dict({**state, **merged})
ids = [[5, 9, 40, 2, 77, 31]]
with torch.no_grad():
    out["adapter"] = {"ids": ids[0], "logits": model(torch.tensor(ids)).logits[0, -1].tolist()}

# the likeliest token in the place of a mask
tokenizer = BertWordPieceTokenizer(vocab=vocabularies["bert"], lowercase=True)
model, text = load(t.BertForMaskedLM, "checkpoints", "bert", "base"), "cab [MASK] deaf"
ids = tokenizer.encode(text).ids
with torch.no_grad():
    likely = int(model(torch.tensor([ids])).logits[0, ids.index(4)].argmax())
out["fill"] = {"text": text, "token": next(token for token, i in vocabularies["bert"].items() if i == likely)}
json.dump(out, open(os.path.join(HERE, "expected.json"), "w"), indent=1)
