"""Small byte-pair tokenizers as older repositories have them (vocab.json, merges.txt), with transformers' ids.

usage: make_tokenizers.py FOLDER; made with transformers 5.18 and tokenizers of that release
"""
import json
import os
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, GPT2Tokenizer, Qwen2Tokenizer, RobertaTokenizer

TEXTS = [
    "Summing task vectors merges two fine-tuned checkpoints.",
    "The stable rank of a matrix is the ratio of its Frobenius norm to its spectral norm.",
    "Café déjà vu — 北京 🙂 naïve co-operation, e.g. U.S.A. 3.14!",
    " leading space, two  spaces,\ttab\nand a line; don't they'll I'M",
    "", "x", "12345 + 67", "a<mask>b <|endoftext|> </s>",
]
SPECIAL = {"gpt2": ["<|endoftext|>"], "roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "qwen2": ["<|endoftext|>"]}
CLASSES = {"gpt2": GPT2Tokenizer, "roberta": RobertaTokenizer, "qwen2": Qwen2Tokenizer}

for name, cls in CLASSES.items():
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trained.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(
        vocab_size=340, special_tokens=SPECIAL[name], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    folder = os.path.join(sys.argv[1], name)
    os.makedirs(folder, exist_ok=True)
    trained.model.save(folder)
    vocab = os.path.join(folder, "vocab.json")
    with open(vocab, encoding="utf-8") as f:
        ids = json.load(f)
    with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as f:
        merges = [tuple(line.rstrip("\n").split(" ")) for line in f if line.strip() and not line.startswith("#version")]
    kwargs = {} if name == "roberta" else dict(unk_token="<|endoftext|>")
    reference = cls(vocab=ids, merges=merges, **kwargs)
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as f:
        json.dump([{"text": t, "ids": reference(t)["input_ids"], "decoded": reference.decode(reference(t)["input_ids"],
                    skip_special_tokens=True, clean_up_tokenization_spaces=False)} for t in TEXTS], f, ensure_ascii=False, indent=1)
    print(name, len(ids), reference(TEXTS[0])["input_ids"][:6])
