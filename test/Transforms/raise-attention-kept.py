# RUN: %python %s %S/raise-attention.mlir
"""Programs that are almost attention of documents are left alone, with the reason; others that
are it, in another form, are raised."""

import subprocess
import sys
from pathlib import Path

BASE = Path(sys.argv[1]).read_text()
ARGUMENT = ("%lens: tensor<?xi32>)", "%lens: tensor<?xi32>, %more: {})")
BEFORE = "%before = arith.cmpi sle, %j, %i : index"
OK = "%ok = arith.andi %inside, %before : i1"
ALL_KEYS = (OK, "%ok = arith.andi %inside, %inside : i1")
SCALED = "%s = arith.mulf %p, %scale : f32"
EXPONENT = "%d = arith.subf %s, %most : f32"
WEIGHT = "%w = arith.divf %p, %total : f32"
LAST, FIRST = "the last key of a query", "the first key of a query"
NO_SOFTMAX = "not a softmax"
GROUP = "doesn't use the keys and values of its group"


def argument(kind: str) -> tuple[str, str]:
    return ARGUMENT[0], ARGUMENT[1].format(kind)


def token(of: str, new: str) -> tuple[str, str]:
    """Another token (or head, or number) of queries, keys or values."""
    kind = "4" if of == "q" else "2"
    group = "%h" if of == "q" else "%group"
    old = f"%x = tensor.extract %{of}[%ti, {group}, %e] : tensor<?x{kind}x8xf32>"
    assert new.count("INDEX") == 1
    return old, new.replace("INDEX", f"%x = tensor.extract %{of}") + f" : tensor<?x{kind}x8xf32>"


def guards(largest: str, total: str, compare: str = "oeq") -> list[tuple[str, str]]:
    """PyTorch's zeros where no key passes: where the largest score, or the sum, is a number."""
    return [
        (
            EXPONENT,
            f"%l_ = arith.constant {largest} : f32\n%g_ = arith.cmpf {compare}, %most, %l_ : f32\n"
            "%most_ = arith.select %g_, %zero, %most : f32\n%d = arith.subf %s, %most_ : f32",
        ),
        (
            WEIGHT,
            f"%l_ = arith.constant {total} : f32\n%g_ = arith.cmpf {compare}, %total, %l_ : f32\n"
            "%w_ = arith.divf %p, %total : f32\n%w = arith.select %g_, %zero, %w_ : f32",
        ),
    ]


def score(more: str) -> tuple[str, str]:
    """Another score, from %s0, the scaled product."""
    return SCALED, "%s0 = arith.mulf %p, %scale : f32\n" + more


KEPT = {
    "causal, without the own token": ([(BEFORE, BEFORE.replace("sle", "slt"))], LAST),
    "causal, with the next token": (
        [(BEFORE, "%i2 = arith.addi %i, %c1 : index\n" + BEFORE.replace("%i ", "%i2 "))],
        LAST,
    ),
    "only later tokens": ([(BEFORE, BEFORE.replace("sle", "sge"))], FIRST),
    "no mask": ([(OK, "%ok = arith.constant true")], "scores have no mask"),
    "one key too many": (
        [ALL_KEYS, ("slt, %j, %n", "sle, %j, %n")],
        "keys aren't taken in the order of tokens",
    ),
    "a window": (
        [
            (
                OK,
                "%near = arith.addi %j, %c2 : index\n%in = arith.cmpi sge, %near, %i : index\n"
                "%ok0 = arith.andi %inside, %before : i1\n%ok = arith.andi %ok0, %in : i1",
            )
        ],
        FIRST,
    ),
    "either condition": ([(OK, OK.replace("andi", "ori"))], "the mask depends on more"),
    "other lengths in the mask": (
        [argument("tensor<?xi32>"), ("ins(%products, %lens", "ins(%products, %more")],
        "the mask depends on more",
    ),
    "a mask from outside": (
        [
            argument("tensor<?x?xi1>"),
            (
                OK,
                "%ok0 = arith.andi %inside, %before : i1\n"
                "%m_ = tensor.extract %more[%i, %j] : tensor<?x?xi1>\n"
                "%ok = arith.andi %ok0, %m_ : i1",
            ),
        ],
        "the mask depends on more",
    ),
    "masked scores that are not low": (
        [
            (
                "%masked = arith.select %ok, %s, %none",
                "%low = arith.constant -1.0e4 : f32\n%masked = arith.select %ok, %s, %low",
            )
        ],
        "a masked score is not set to -inf",
    ),
    "a cap on scores": ([score("%s = math.tanh %s0 : f32")], "more than a product"),
    "a bias by distance": (
        [
            score(
                "%ji = arith.index_cast %j : index to i64\n"
                "%jf = arith.sitofp %ji : i64 to f32\n%s = arith.addf %s0, %jf : f32"
            )
        ],
        "more than a product",
    ),
    "a scale from outside": (
        [argument("f32"), (SCALED, "%s = arith.mulf %p, %more : f32")],
        "more than a product",
    ),
    "dropout": (
        [
            argument("f32"),
            (
                WEIGHT,
                "%w0 = arith.divf %p, %total : f32\n%w = arith.mulf %w0, %more : f32",
            ),
        ],
        NO_SOFTMAX,
    ),
    "a sink": (
        [
            ("outs(%rz : tensor<?x4x?xf32>)", "outs(%sink : tensor<?x4x?xf32>)"),
            (
                "%rz = ",
                "%unit = arith.constant 1.0 : f32\n%sink = linalg.fill ins(%unit : f32) "
                "outs(%re : tensor<?x4x?xf32>) -> tensor<?x4x?xf32>\n%rz = ",
            ),
        ],
        NO_SOFTMAX,
    ),
    "zeros for a largest score of 1": (guards("1.0", "0.0"), NO_SOFTMAX),
    "zeros for a sum of 1": (guards("0xFF800000", "1.0"), NO_SOFTMAX),
    "zeros where there is a key": (guards("0xFF800000", "0.0", "une"), NO_SOFTMAX),
    "the largest of other scores": (
        [
            (
                "linalg.reduce { arith.maximumf } ins(%scores",
                "linalg.reduce { arith.maximumf } ins(%products",
            )
        ],
        NO_SOFTMAX,
    ),
    "the next token's key": (
        [token("k", "%t2 = arith.addi %ti, %c1 : index\nINDEX[%t2, %group, %e]")],
        "taken from different tokens",
    ),
    "values from the end": (
        [token("v", "%t2 = arith.subi %T, %ti : index\nINDEX[%t2, %group, %e]")],
        "taken from different tokens",
    ),
    "numbers of keys backwards": (
        [
            token(
                "k",
                "%c7 = arith.constant 7 : index\n%e2 = arith.subi %c7, %e : index\n"
                "INDEX[%ti, %group, %e2]",
            )
        ],
        "keys aren't [tokens, heads, numbers]",
    ),
    "heads of queries backwards": (
        [
            token(
                "q",
                "%c3 = arith.constant 3 : index\n%h2 = arith.subi %c3, %h : index\n"
                "INDEX[%ti, %h2, %e]",
            )
        ],
        "the result isn't [tokens, heads, numbers]",
    ),
    "alternating heads of keys": (
        [("%group = arith.divsi %h, %c2 : index // keys", "%group = arith.remsi %h, %c2 : index")],
        GROUP,
    ),
    "alternating heads of values": (
        [
            (
                "%group = arith.divsi %h, %c2 : index // values",
                "%group = arith.remsi %h, %c2 : index",
            )
        ],
        GROUP,
    ),
    "the row behind": (
        [
            (
                "%i = arith.subi %t, %first : index",
                "%i_ = arith.subi %t, %first : index\n%i = arith.addi %i_, %c1 : index",
            )
        ],
        "a query isn't that of its token",
    ),
    "documents that end one token later": ([("sge, %t64, %end", "sgt, %t64, %end")], ""),
    "ends that are starts": ([("sle, %d, %b", "slt, %d, %b")], ""),
    "the shortest length": ([("arith.maxsi", "arith.minsi")], LAST),
    "another clamp": ([("arith.minsi %t, %most", "arith.minsi %t, %i1")], "a query isn't that"),
    "other lengths in the sums": (
        [
            argument("tensor<?xi32>"),
            ("ins(%lens : tensor<?xi32>) outs(%dz", "ins(%more : tensor<?xi32>) outs(%dz"),
        ],
        "",
    ),
}
RAISED = {
    "softmax as one operation": [
        (
            "%oz = ",
            "%soft = linalg.softmax dimension(3) ins(%scores : tensor<?x4x?x?xf32>) "
            "outs(%se : tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>\n%oz = ",
        ),
        ("ins(%weights, %vp", "ins(%soft, %vp"),
    ],
    "zeros where no key passes": guards("0xFF800000", "0.0"),
    "all keys of a document": [ALL_KEYS],
    "causal, without lengths": [(OK, "%ok = arith.andi %before, %before : i1")],
    "a mask that is added": [
        (
            "%masked = arith.select %ok, %s, %none",
            "%f = arith.uitofp %ok : i1 to f32\n%unit = arith.constant 1.0 : f32\n"
            "%big = arith.constant 1.0e30 : f32\n%f1 = arith.subf %f, %unit : f32\n"
            "%add = arith.mulf %f1, %big : f32\n%masked = arith.addf %s, %add",
        )
    ],
    "what doesn't pass": [
        (
            "%masked = arith.select %ok, %s, %none",
            "%out1 = arith.cmpi sge, %j, %n : index\n%out2 = arith.cmpi sgt, %j, %i : index\n"
            "%bad = arith.ori %out1, %out2 : i1\n%masked = arith.select %bad, %none, %s",
        )
    ],
    "scaled queries": [
        (SCALED, "%unit = arith.constant 1.0 : f32\n%s = arith.mulf %p, %unit : f32"),
        (
            "%p = arith.mulf %a, %b : f32",
            "%a2 = arith.mulf %a, %scale : f32\n%p = arith.mulf %a2, %b : f32",
        ),
    ],
}


def run(changes: list[tuple[str, str]]) -> tuple[str, str]:
    text = BASE
    for old, new in changes:
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    command = ["capstan-opt", "-", "--capstan-raise-attention"]
    command += ["--remarks-filter=capstan", "--remark-policy=all"]
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


for name, (changes, reason) in KEPT.items():
    after, remarks = run(changes)
    assert "capstan.varlen_attention" not in after, name
    assert "attention is left as it is" in remarks and reason in remarks, (name, remarks)
for name, changes in RAISED.items():
    after, remarks = run(changes)
    assert "capstan.varlen_attention" in after, (name, remarks)
    assert "tensor<?x4x?x?xf32>" not in after, name
print(len(KEPT), "kept,", len(RAISED), "raised")
