"""Small random checkpoints of classes and settings that the checkpoints beside have not, with transformers' outputs.

usage: make_forward.py FOLDER; made with transformers 5.18, torch 2.13.0, f32, eager attention
"""
import os
import sys

import torch
import transformers as t
from safetensors.torch import save_file

COMMON = dict(vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=48, pad_token_id=0)
GROUPED = dict(COMMON, num_key_value_heads=2, head_dim=6, bos_token_id=1, eos_token_id=2)
LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=12)
LINEAR = dict(rope_type="linear", rope_theta=500.0, factor=3.0)

CASES = {
    "qwen3": (t.Qwen3ForCausalLM, t.Qwen3Config(**GROUPED)),
    "gemma": (t.GemmaForCausalLM, t.GemmaConfig(**GROUPED)),
    "llama-llama3": (t.LlamaForCausalLM, t.LlamaConfig(**GROUPED, rope_parameters=LLAMA3, attention_bias=True, mlp_bias=True)),
    "llama-yarn": (t.LlamaForCausalLM, t.LlamaConfig(**GROUPED, rope_parameters=YARN)),
    "llama-linear": (t.LlamaForCausalLM, t.LlamaConfig(**GROUPED, rope_parameters=LINEAR, tie_word_embeddings=True)),
    "mistral-window": (t.MistralForCausalLM, t.MistralConfig(**GROUPED, sliding_window=5)),
    "qwen2-window": (t.Qwen2ForCausalLM, t.Qwen2Config(**{k: v for k, v in GROUPED.items() if k != "head_dim"},
                     use_sliding_window=True, sliding_window=4, max_window_layers=1)),
    "phi-norms": (t.PhiForCausalLM, t.PhiConfig(**COMMON, qk_layernorm=True)),
    "gpt_neox-sequential": (t.GPTNeoXForCausalLM, t.GPTNeoXConfig(**COMMON, use_parallel_residual=False, attention_bias=False,
                            hidden_act="gelu_fast", rope_parameters=dict(rope_type="default", rope_theta=10000.0,
                                                                         partial_rotary_factor=0.5))),
    "gpt2-scaled": (t.GPT2ForSequenceClassification, t.GPT2Config(vocab_size=64, n_embd=16, n_head=4, n_layer=2, n_positions=48,
                    scale_attn_by_inverse_layer_idx=True, pad_token_id=0, num_labels=3, activation_function="quick_gelu")),
    "llama-sequence": (t.LlamaForSequenceClassification, t.LlamaConfig(**GROUPED, num_labels=3)),
    "bert-model": (t.BertModel, t.BertConfig(**COMMON)),
    "bert-sequence": (t.BertForSequenceClassification, t.BertConfig(**COMMON, num_labels=3)),
    "bert-token": (t.BertForTokenClassification, t.BertConfig(**COMMON, num_labels=5, hidden_act="relu")),
    "bert-pretraining": (t.BertForPreTraining, t.BertConfig(**COMMON)),
    "roberta-sequence": (t.RobertaForSequenceClassification, t.RobertaConfig(**COMMON, num_labels=3, type_vocab_size=1)),
    "roberta-token": (t.RobertaForTokenClassification, t.RobertaConfig(**COMMON, num_labels=3, type_vocab_size=1)),
    "vit-model": (t.ViTModel, t.ViTConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
                  image_size=12, patch_size=4)),
}

torch.manual_seed(20260117)
for name, (cls, config) in CASES.items():
    config._attn_implementation = "eager"
    model = cls(config).eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_(p + 0.15 * torch.randn_like(p))
    folder = os.path.join(sys.argv[1], name)
    model.save_pretrained(folder)
    for extra in ("generation_config.json",):
        path = os.path.join(folder, extra)
        if os.path.exists(path):
            os.remove(path)
    out = {}
    if name.startswith("vit"):
        inputs = dict(pixel_values=torch.randn(2, 3, 12, 12))
    else:
        ids = torch.randint(3, 64, (2, 23))
        mask = torch.ones_like(ids)
        ids[1, 17:] = 0
        mask[1, 17:] = 0
        inputs = dict(input_ids=ids, attention_mask=mask)
        if name.startswith("bert"):
            inputs["token_type_ids"] = (torch.arange(23) > 9).long().expand(2, 23).contiguous()
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
        base = model.base_model(**inputs)
    out.update(inputs)
    out["last_hidden_state"] = base.last_hidden_state
    if "pixel_values" not in inputs:
        out["hidden_first"] = result.hidden_states[0]
    pooled = getattr(base, "pooler_output", None)
    if pooled is not None:
        out["pooler_output"] = pooled
    logits = getattr(result, "logits", None)
    if logits is None:
        logits = getattr(result, "prediction_logits", None)
    if logits is not None:
        out["logits"] = logits
    save_file({k: v.contiguous().clone() for k, v in out.items()}, os.path.join(folder, "forward.safetensors"), {"format": "pt"})
    print(name, sorted(out))
