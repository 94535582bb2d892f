"""Makes hf-loader/src/test/resources/golden/torch: files that torch.save wrote, and the same tensors as
torch sees them (contiguous) in expected.safetensors. Made with torch 2.13.0, safetensors 0.8, numpy 2.

  python make_torch_files.py OUT
"""
import collections, os, pathlib, struct, sys

import numpy as np
import torch
from safetensors.torch import save_file

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
g = torch.Generator().manual_seed(20261122)


def r(*shape):
    return torch.randn(*shape, generator=g)


def views():
    """Every way in which a view can lie in its storage."""
    base = r(6, 7, 5)
    flat = torch.arange(400, dtype=torch.float32)
    big = r(70, 130)
    t = collections.OrderedDict()
    t["transposed"] = r(5, 9).t()
    t["transposed.wide"] = big.t()
    t["permuted"] = base.permute(2, 0, 1)
    t["permuted.reversed"] = base.permute(2, 1, 0)
    t["slice.rows"] = base[2:5]
    t["slice.columns"] = base[:, 1:6:2, :]
    t["slice.last"] = base[..., 1::3]
    t["slice.transposed"] = big[3:60, 5:77].t()
    t["expanded"] = r(1, 4).expand(3, 4)
    t["expanded.inner"] = r(3, 1).expand(3, 4)
    t["expanded.scalar"] = torch.tensor(2.5).expand(2, 3)
    t["overlapping"] = flat.as_strided((10, 6), (3, 1), 7)
    t["strided.far"] = flat.as_strided((3, 4, 2), (1, 100, 7), 11)
    t["diagonal"] = big.diagonal(1)
    t["windows"] = flat[:20].unfold(0, 5, 3)
    t["scalar"] = torch.tensor(3.25)
    t["scalar.of.view"] = base[1, 2, 3]
    t["ones"] = r(1, 3, 1, 2).transpose(0, 2)
    t["empty"] = torch.empty(0, 3)
    t["empty.view"] = base[3:3].transpose(0, 1)
    t["tied.a"] = base
    t["tied.b"] = base
    t["half.transposed"] = r(4, 6).half().t()
    t["bf16.transposed"] = r(4, 6).bfloat16().t()
    t["double.transposed"] = r(4, 6).double().t()
    t["bool.transposed"] = (r(3, 5) > 0).t()
    t["complex.transposed"] = torch.complex(r(3, 2), r(3, 2)).t()
    return t


def dtypes():
    t = collections.OrderedDict()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
                  torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu):
        t[str(dtype)[6:]] = r(3, 5).abs().to(dtype)
    for dtype in (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64):
        t[str(dtype)[6:]] = torch.tensor([[0, 1, 2], [100, 7, 5]]).to(dtype)
    t["bool"] = torch.tensor([True, False, True])
    t["complex64"] = torch.complex(r(2), r(2))
    t["float8_e4m3fn.transposed"] = r(4, 6).to(torch.float8_e4m3fn).t()
    t["uint16.slice"] = torch.arange(10, dtype=torch.int64).to(torch.uint16)[2:9:3]
    return t


def expected(name, tensors):
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, str(out / f"{name}.safetensors"))


v = views()
torch.save(v, out / "views-zip.bin")
torch.save(v, out / "views-legacy.bin", _use_new_zipfile_serialization=False)
expected("views", v)
d = dtypes()
torch.save(d, out / "dtypes-zip.bin")
expected("dtypes", d)

# what stands around state dicts in the wild
m = torch.nn.Sequential(collections.OrderedDict(fc=torch.nn.Linear(3, 2), norm=torch.nn.BatchNorm1d(2)))
with torch.no_grad():
    for p in m.parameters():
        p.copy_(r(*p.shape))
torch.save(m.state_dict(), out / "module.bin")  # _metadata, an int64 scalar
torch.save({"epoch": 3, "lr": 1e-3, "done": False, "none": None, "state_dict": m.state_dict(),
            "optimizer": {"state": {0: {"step": 2}}, "param_groups": [{"params": [0, 1]}]}}, out / "wrapped.bin")
torch.save({"model": m.state_dict(), "step": 2 ** 70}, out / "wrapped-model.bin")
torch.save(dict(m.named_parameters()) | {k: b for k, b in m.named_buffers()}, out / "parameters.bin")
expected("module", m.state_dict())
attributed = torch.nn.Parameter(r(2, 2))
attributed.label = "kept apart"
torch.save({"with.attributes": attributed, "plain": torch.nn.Parameter(r(2))}, out / "attributes.bin")
expected("attributes", torch.load(out / "attributes.bin", weights_only=True))

# refused
torch.save(m, out / "refused-module.bin")
torch.save(r(2, 2), out / "refused-tensor.bin")
torch.save([r(2, 2)], out / "refused-list.bin")
torch.save({"s": torch.eye(3).to_sparse()}, out / "refused-sparse.bin")
torch.save({"q": torch.quantize_per_tensor(r(4), 0.1, 0, torch.qint8)}, out / "refused-quantised.bin")
torch.save({"c": torch.complex(r(2), r(2)).conj()}, out / "refused-conjugate.bin")
torch.save({"c": torch.zeros(2, dtype=torch.complex128)}, out / "refused-complex128.bin")
torch.save({"a": np.float64(2.0), "w": r(2)}, out / "refused-numpy.bin")
torch.save({"w": r(2)}, out / "refused-protocol-4.bin", pickle_protocol=4)
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), out / "refused-torchscript.bin")

# shards
import json
sharded = out / "sharded"
sharded.mkdir(exist_ok=True)
names = list(v)
index = {"metadata": {"total_size": 0}, "weight_map": {}}
for i, part in enumerate((names[:14], names[14:])):
    file = f"pytorch_model-{i + 1:05d}-of-00002.bin"
    torch.save({k: v[k] for k in part}, sharded / file)
    index["weight_map"] |= {k: file for k in part}
(sharded / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")
for f in sorted(out.rglob("*.*")):
    print(f.relative_to(out), f.stat().st_size)
