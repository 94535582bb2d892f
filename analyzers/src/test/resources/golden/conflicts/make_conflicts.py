"""Writes base.safetensors, a, b, c and what numpy makes of their conflicts: two.json, three.json.

python3 make_conflicts.py   (numpy 2.4.6; float64 SVDs of task vectors formed whole)
"""

import json
import struct

import numpy as np

K, DIRECTION = 16, 1e-5
rng = np.random.default_rng(20250222)


def low_rank(m, n, r, scale):
    return rng.normal(size=(m, r)) @ rng.normal(size=(r, n)) * scale


def bf16(x):
    """Nearest bfloat16, ties to even, as uint16."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def unbf16(x):
    return (x.astype(np.uint32) << 16).view(np.float32)


def write(path, tensors):
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + data)


SHAPES = {"tall": (40, 24), "wide": (24, 40), "square": (32, 32), "coarse": (28, 20)}
base = {k: rng.normal(size=s) * 0.3 for k, s in SHAPES.items()}
base["square"] = low_rank(32, 32, 20, 0.1)  # has a null space
base["bias"] = rng.normal(size=30)
shared = {k: low_rank(*s, 2, 0.05) for k, s in SHAPES.items()}
models = []
for t in range(3):
    w = {k: base[k] + (0.5 + t) * shared[k] + low_rank(*s, 3, 0.03) for k, s in SHAPES.items()}
    w["tall"] += rng.normal(size=SHAPES["tall"]) * 0.01
    w["bias"] = base["bias"] + rng.normal(size=30) * 0.1 * (rng.random(30) < 0.7)
    models.append(w)
models[1]["wide"] = base["wide"].copy()  # a model that left a tensor alone

stored = []
for name, w in zip(["base", "a", "b", "c"], [base] + models):
    tensors = {k: ("F32", v.astype(np.float32)) for k, v in w.items() if k != "coarse"}
    tensors["coarse"] = ("BF16", bf16(w["coarse"]))
    write(name + ".safetensors", tensors)
    stored.append({
        k: (unbf16(v) if d == "BF16" else v).astype(np.float64) for k, (d, v) in tensors.items()
    })


def resolved(s):
    return s[s > np.sqrt(len(s) * 2.0**-53) * s[0]]  # what a float64 Gram matrix resolves


def erank(s):
    s = resolved(s)
    p = s / s.sum()
    return float(np.exp(-(p * np.log(p)).sum())) if len(p) else 0.0


def noise(x, y, bits):
    unit = [2.0 ** (np.frexp(v)[1] - bits) * (v != 0) for v in (x, y)]  # frexp: 0.5 <= f < 1
    return float((((unit[0] ** 2 + unit[1] ** 2) / 12) * (x != y)).sum())


DENSITY, TUNED, INTRUDER, EPSILON, LEAST = 0.2, 10, 0.5, 1e-3, 1e-10


def largest(d):
    """Elements from the magnitude on, to 9 significant bits, that a share of all reach."""
    bins = np.abs(d).astype(np.float32).view(np.uint32) >> 15
    order = np.sort(bins.ravel())[::-1]
    least = order[int(np.ceil(DENSITY * d.size)) - 1]
    return bins >= max(1, least)


def elements(parts, w):
    """Measures of elements of a list of (base, task vectors, noise variances)."""
    T, out = len(w), {}
    dot = lambda i, j: sum(float((d[i] * d[j]).sum()) for _, d, _ in parts)
    p = sum(b.size for b, _, _ in parts)
    for i in range(T):
        for j in range(i + 1, T):
            x = np.concatenate([d[i].ravel() for _, d, _ in parts])
            y = np.concatenate([d[j].ravel() for _, d, _ in parts])
            if dot(i, i) * dot(j, j) > 0:
                out["cosine", i, j] = dot(i, j) / np.sqrt(dot(i, i) * dot(j, j)), p**-0.5
                low, both = np.minimum(abs(x), abs(y)), (x != 0) & (y != 0)
                out["signConflict", i, j] = (x * y < 0).sum() / both.sum(), 0.5
                out["signConflictWeighted", i, j] = low[x * y < 0].sum() / low.sum(), 0.5
                big = np.concatenate([(largest(d[i]) & largest(d[j])).ravel() for _, d, _ in parts])
                if big.any():
                    out["signConflictLargest", i, j] = (x * y < 0)[big].mean(), 0.5
    m = sum(float((sum(a * v for a, v in zip(w, d)) ** 2).sum()) for _, d, _ in parts)
    out["energyRatio",] = m / sum(w[t] ** 2 * dot(t, t) for t in range(T)), 1
    b2 = sum(float((b**2).sum()) for b, _, _ in parts)
    tuned = lambda f: sum(float(((b + sum(a * v for a, v in zip(f, d))) ** 2).sum()) for b, d, _ in parts)
    out["normDriftOfSum",] = np.sqrt(tuned(w) / b2) - 1, None
    for t in range(T):
        out["relativeSize", t] = np.sqrt(dot(t, t) / b2), None
        out["normDrift", t] = np.sqrt(tuned([float(i == t) for i in range(T)]) / b2) - 1, None
        if dot(t, t) > 0:
            out["storageNoise", t] = np.sqrt(sum(n[t] for _, _, n in parts) / dot(t, t)), None
    return out


def spectra(W0, D, w):
    T, (m, n), out = len(w), W0.shape, {}
    fro2 = [float((d**2).sum()) for d in D]
    M = sum(a * d for a, d in zip(w, D))
    svd = [np.linalg.svd(d, full_matrices=False) for d in D]
    s1 = [s[0] for _, s, _ in svd]
    k = [min(K, max(1, min(m, n) // 4), int((s > DIRECTION * s[0]).sum())) for _, s, _ in svd]
    sB = np.linalg.svd(W0, compute_uv=False)
    sM = np.linalg.svd(M, full_matrices=False)
    out["spectralOverAccumulation",] = sM[1][0] / max(a * s for a, s in zip(w, s1)), None
    U = np.hstack([u[:, : k[t]] for t, (u, _, _) in enumerate(svd)])
    V = np.hstack([v[: k[t]].T for t, (_, _, v) in enumerate(svd)])
    S = np.concatenate([s[: k[t]] for t, (_, s, _) in enumerate(svd)])
    task = np.repeat(np.arange(T), k)
    sti = (U.T @ U - np.eye(len(S))) @ np.diag(S) @ (V.T @ V - np.eye(len(S)))
    chance = 0.0
    for a in range(len(S)):
        for b in range(len(S)):
            var = (S[(task != task[a]) & (task != task[b])] ** 2).sum() / m / n
            chance += np.sqrt(2 / np.pi * var)
    out["singularTaskInterference",] = abs(sti).sum() / S.sum(), chance / S.sum()
    for i in range(T):
        for j in range(T):
            if i == j or fro2[i] * fro2[j] == 0:
                continue
            c2 = float(((D[j] @ D[i].T) ** 2).sum())
            out["crossResponse", i, j] = c2 / (s1[j] ** 2 * fro2[i]), fro2[j] / s1[j] ** 2 / n
            if i > j:
                continue
            g = [d.T @ d for d in (D[i], D[j])]
            norms = np.linalg.norm(g[0]) * np.linalg.norm(g[1])
            out["inputAlignment", i, j] = (g[0] * g[1]).sum() / norms, fro2[i] * fro2[j] / norms / n
            kk = min(k[i], k[j])
            for name, qi, qj, d in (
                ("input", svd[i][2][:kk].T, svd[j][2][:kk].T, n),
                ("output", svd[i][0][:, :kk], svd[j][0][:, :kk], m),
            ):
                cos = np.linalg.svd(qi.T @ qj, compute_uv=False)
                out[name + "Overlap", i, j] = (cos**2).sum() / kk, kk / d
                out[name + "Angle", i, j] = np.degrees(np.arccos(min(1, cos[0]))), None
    uB, _, vB = np.linalg.svd(W0)
    r = int((sB > DIRECTION * sB[0]).sum())
    kb = int(np.searchsorted(np.cumsum(sB), sB.sum() / 2) + 1)
    km = min(K, max(1, min(m, n) // 4), int((sM[1] > DIRECTION * sM[1][0]).sum()))
    rM = int((sM[1] > DIRECTION * sM[1][0]).sum())
    over = total = 0.0
    for t in range(T):
        if fro2[t] == 0:
            out["relativeSpectralSize", t] = 0.0, None
            continue
        own = float(((D[t] @ D[t].T) ** 2).sum())
        rest = sum(w[i] ** 2 * fro2[i] for i in range(T) if i != t)
        out["wudiResidual", t] = (
            float((((M - D[t]) @ D[t].T) ** 2).sum()) / own,
            rest * fro2[t] / n / own + (w[t] - 1) ** 2,
        )
        out["relativeSpectralSize", t] = s1[t] / sB[0], None
        out["effectiveRank", t] = erank(svd[t][1]), None
        out["stableRank", t] = np.sqrt(fro2[t]) / s1[t], None
        out["epsilonRank", t] = (svd[t][1] > EPSILON * s1[t]).sum(), None
        rows = sM[0][:, :rM].T @ D[t]
        out["subspaceAlignment", t] = np.sqrt((rows[:km] ** 2).sum() / fro2[t]), np.sqrt(km / m)
        clash = 0.0
        for q in range(rM):
            e = (rows[q] ** 2).sum()
            p = (sM[1][q] * sM[2][q] * rows[q]).sum() / e
            if e > LEAST * fro2[t]:
                clash += (p - 1) ** 2 * e
                over += e * (p > 1 + 1e-9)
            total += e
        out["directionInterference", t] = clash / (rows**2).sum(), None
        uT, sT, vT = np.linalg.svd(W0 + D[t], full_matrices=False)
        some = min(TUNED, min(m, n), int((sT > DIRECTION * sT[0]).sum()))
        out["inputIntruders", t] = (abs(vT[:some] @ vB[:r].T).max(axis=1) < INTRUDER).sum(), None
        out["outputIntruders", t] = (abs(uT[:, :some].T @ uB[:, :r]).max(axis=1) < INTRUDER).sum(), None
        inside = uB.T @ D[t] @ vB.T
        lead, rank = (inside[:kb, :kb] ** 2).sum(), (inside[:r, :r] ** 2).sum()
        out["baseLeadingEnergy", t] = lead / fro2[t], kb * kb / m / n
        out["baseRemainingEnergy", t] = (rank - lead) / fro2[t], (r * r - kb * kb) / m / n
        out["baseNullEnergy", t] = 1 - rank / fro2[t], 1 - r * r / m / n
    out["overCount",] = over / total, None
    out["effectiveRankOfSum",] = erank(sM[1]), None
    out["stableRankOfSum",] = np.linalg.norm(M) / sM[1][0], None
    out["epsilonRankOfSum",] = (sM[1] > EPSILON * sM[1][0]).sum(), None
    nuclear = sum(abs(a) * resolved(s).sum() for a, (_, s, _) in zip(w, svd))
    out["nuclearLoss",] = 1 - resolved(sM[1]).sum() / nuclear, None
    out["rankInflation",] = erank(sM[1]) / sum(erank(s) for _, s, _ in svd), None
    return out


def plain(values):
    return [
        {"measure": key[0], "models": list(key[1:]), "value": float(v), "chance": None if c is None else float(c)}
        for key, (v, c) in values.items()
    ]


def report(tasks, w):
    all_parts, means, result = [], {}, {"weights": w, "tensors": {}}
    for name, W0 in stored[0].items():
        D = [stored[1 + t][name] - W0 for t in tasks]
        bits = 8 if name == "coarse" else 24
        part = (W0, D, [noise(stored[1 + t][name], W0, bits) for t in tasks])
        all_parts.append(part)
        values = elements([part], w)
        if W0.ndim == 2:
            more = spectra(W0, D, w)
            fro2 = [float((d**2).sum()) for d in D]
            for key, (v, c) in more.items():
                weight = sum(fro2) if len(key) == 1 else np.sqrt(fro2[key[1]] * fro2[key[-1]])
                mean = means.setdefault(key, [0.0, 0.0, 0.0, c is None])
                mean[0] += weight
                mean[1] += weight * v
                mean[2] += weight * (c or 0.0)
            values.update(more)
        result["tensors"][name] = plain(values)
    whole = elements(all_parts, w)
    for key, (weight, v, c, none) in means.items():
        whole[key] = v / weight, None if none else c / weight
    result["model"] = plain(whole)
    return result


json.dump(report([0, 2], [1.0, 1.0]), open("two.json", "w"), indent=1)
json.dump(report([0, 1, 2], [1.0, 0.5, 2.0]), open("three.json", "w"), indent=1)
