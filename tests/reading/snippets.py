"""Sources that each try one part of the grammar, and what may mislead a reader of it."""

# ruff: noqa: E501 (a source is easier to read on one line)

from __future__ import annotations

SNIPPETS = {
    "nothing": "",
    "module docstring": '"""Doc."""\nx = 1\n',
    "docstrings": 'class A:\n    """Doc."""\n    def f(self):\n        ("a" "b")\n        "no docstring"\n    b"no docstring"\n',
    "names in comments": "x = (  # x\n    x  # x)\n    , # ]\n    y)\nz  # z\n",
    "hash in string": "f('#', \"a # b\", '''\n# c\n''', r'\\#')  # f(\nx\n",
    "quotes in strings": "f('\"', \"'\", '''\"''' '\\'', \"\"\"'\\\"\"\"\")\n",
    "line continuation": "x = a \\\n    + \\\n  b\nif a and \\\n   b: pass\nnot \\\n  c\n",
    "parentheses": "((x)) ; (a + b) * (c); ((a)).b((c))[((d))]; f((), (()), ((),))\n",
    "comments in parentheses": "x = (  # (\n    (  # )\n        a  # (\n    )  # )\n)(  # )\n)\n",
    "empty calls": "f()()(); f( )( # )\n)\nx[()]\n",
    "trailing commas": "f(a,); x[a,]; x[a, b,]; (a,); [a,]; {a,}; {a: b,}; a,\nfor a, in b,: pass\ndel a,\n",
    "slices": "x[:]; x[::]; x[a:]; x[:b]; x[a:b:c]; x[:, None, ..., 1:-1]; x[a : # :\n b]; x[(a):(b)]; x[*a, 1]\n",
    "stars": "f(*a, b, *c, k=1, **d, ** e)\n[*a, * b]; {*a}; {**a, 'b': c, ** d}\na, *b = c\nx = *a, b\n",
    "unary": "-a; - - a; -+~a; not not a; not(a); a - -b; -(a)\nx = (not  # not\n  a) or - (  # -\n b)\n",
    "unary over lines": "x = (a and not\n   b)\ny = (a - # -\n - # - b -\n b, *\n c)\n",
    "operators": "a + b - c * d / e // f % g ** h @ i << j >> k & l | m ^ n\n",
    "augmented": "a += 1; a -= 1; a *= 1; a /= 1; a //= 1; a %= 1; a **= 1; a @= 1; a <<= 1; a >>= 1; a &= 1; a |= 1; a ^= 1\n",
    "boolean": "a and b and (c or d) or e\n",
    "comparisons": "a < b <= c == d != e > f >= g is h is not i in j not in k\nx is  not y; x not  in y\n",
    "conditional": "a if b else c if d else (e if f else g)\n1if x else 2\n",
    "keywords by prefix": "(not n); [i for i in f if i is s]; (lambda l: l); a if i else e; (a)if i else e; 1or o; a or r\n",
    "lambda": "lambda: 0; lambda a, /, b=1, *c, d, e=2, **f: (a, b); lambda *, a: a; lambda *a, b: b; lambda: (yield)\n",
    "comprehensions": "[f(x) for x in y if x if not x for z in x]; {x for x, in y}; {k: v for k, v in d}; (x for x in y)\n",
    "generator argument": "f(x for x in y); f((x for x in y)); f((x) for x in y); f(a, (x for x in y))\n",
    "numbers": "1; 0x_ff; 0b1; 0o17; 00; 1_000; 1.; .5; 1.5e-3; 1e999; 1j; .5j; 1..real\n",
    "huge numbers": f"{2**64 - 1}; {2**64}; -{2**63}; {'9' * 4000}; 0x{'f' * 40}\n",
    "constants": "None; True; False; ...; x[...]; f(..., a . b, ...)\n",
    "strings": "'a'; \"b\"; r'\\n'; u'c'; b'd'; rb'e'; '''f'''; 'g' 'h'; b'i' b'j'; ('k'\n  # l\n  'm'); R'n'; '' ''\n",
    "escapes": r"""'\n\t\\\'\"\a\b\f\v\r\0\07\101\x41\u0041\U00000041\N{BULLET}\d\
end'; '\ud800'; f'\ud800{x}\n\{y}'"""
    + "\n",
    "f-strings": "f'a{b}c{d!r}e{f:>{g}.{h}}{{i}}{ j }'; f'{k=}'; f'{ l = !r:>{m}}'; f''; f'{n}' 'o' f'{p}'; rf'\\{q}'\n",
    "f-string expressions": "f'{a[\"b\"]}{ {1: 2}[1] }{(lambda: 1)()}{c if d else e}{f(x, *y)}{a != b}'; f'''{\na\n}'''\n",
    "f-string lookalikes": "f'a {{b}} {c} # {d}'; f'{a}}}{{'; f'{x:%H:%M}'; f'{x:{{y}}}'[0]\nz\n",
    "walrus": "(a := b); f(a := b); [a := 1, (b := 2)]\nif (n := f(x)) > 1: pass\nwhile chunk := read(): pass\n",
    "attributes": "a . b\\\n . c; (a\n  .b\n  .c(  )\n  .d)\n",
    "assignments": "a = b = c\na: int\na: int = 1\na.b: 'x' = 2\n(a) = 1\na[0], b.c = d\nx = yield\n",
    "imports": "import a\nimport a.b.c as d, e\nfrom a import b\nfrom . import b\nfrom ..a.b import c as d, e\nfrom .... import x\n"
    "from a import (  # c\n    b as c,\n    d,\n)\nfrom a . b import *\nx = 1\n",
    "scopes": "def f():\n    global a, b\n    def g():\n        nonlocal c\n",
    "simple statements": "def f():\n    return\n    return 1\n    return (1)\n    raise\n    raise A\n    raise A from b\n"
    "    assert a\n    assert a, b\n    del a\n    del a, (b[0])\n    del (a, b)\n    pass; continue; break\n",
    "semicolons": "a; b ; c;\nif x: a; b;\nelse: c;\ndef f(): a; b ;\n",
    "branches": "if a:\n    b\nelif c:\n    d\nelif (e):\n    f\nelse:\n    if g: h\n    else: i\nif a: b\nelse:\n    # else\n    c\n",
    "loops": "for a, b in c:\n    d\nelse:\n    e\nwhile f:\n    g\nelse: h\nfor (a) in (b): pass\nfor a in *b, c: pass\n",
    "with": "with a: b\nwith a as b, c as (d, e): f\nwith (a): b\nwith (a, b): c\nwith (a as b,): c\nwith (a), b as c: d\n"
    "with (a as b,  # c\n      d as e): f\nwith (a, b) as c: d\nwith (yield): e\n",
    "try": "try:\n    a\nexcept:\n    b\ntry: a\nexcept (A, B) as c: d\nexcept E: f\nelse: g\nfinally: h\ntry: a\nfinally: b\n",
    "except groups": "try: a\nexcept* A as b: c\nexcept *(B, C): d\n",
    "functions": "def f(a, b=1, /, c: int = 2, *d: 'x', e, g: str = '', **h) -> (i): j\ndef f(a, /): b\ndef f(*, a): b\n"
    "def f(\n    a,  # b\n    /,\n): return a\ndef f(*a: *b): c\ndef  f ( ) : d\ndef f() -> [a, b][0]: ...\n",
    "asynchronous": "async def f():\n    async with a as b: c\n    async for d in e: g\n    else: h\n    await i\n"
    "    return [j async for j in k if await l(m)]\nasync  def g(): await (yield)\n",
    "decorators": "@a\n# c\n@b.c(d)  # e\n@(f)\nclass A(B, metaclass=C, **d): pass\n@a\nasync def f(): pass\n@x[0]\ndef g(): pass\n",
    "classes": "class A: pass\nclass A(): pass\nclass A(B, *c, d=e,):\n    x: int = 1\n    class C: pass\n",
    "generators": "def f():\n    x = yield\n    yield a, b\n    y = yield from (c)\n    (yield)\n    return (yield d)\n",
    "soft keywords": "match = case = type = _ = 1\nmatch(x)\nmatch[case]\ntype(match)\nprint(match, case)\nmatch.case = type\n",
    "match": "match match:\n    case 1 | -2 | 'a' 'b' | A.b | None: c\n    case case: d\n    case _ if (e): f\n    case [a, *_]: g\n"
    "    case (): g\n    case [] if (z): g\n    case {'k': v, **rest}: h\n    case {}: h\n    case A(1, b, c=2) as d: i\n"
    "    case (1): k\n    case (1 | 2) as x: l\n    case 1+2j: m\n    case a, b: n\n    case *c, 'd': o\n    case A.B(): p\n",
    "match of a tuple": "match a, b:\n    case (1, 2),: c\nmatch (x):\n    case str(): pass\nmatch -x:\n    case _: pass\nmatch *a, b:\n    case _: y\n",
    "unicode": "größe = '→' + naïve . größe  # ñ\nx = f'é{größe}ü{y}', z\nµ = ﬁ = a.ﬂ(ﬀ=1)\ndef ﬁ(ﬂ): pass\nclass A·(ª·): pass\n",
    "form feeds": "\x0cx = 1\n\x0c\nif x:\n    y\n\x0c\nz\n",
    "no end of line": "if x:\n    y",
    "comment at the end": "x\n# y",
    "carriage returns": "x = (a,\r\n  b)\r\nif a: \\\r\n  b\r\ny = '''c\r\nd'''\r\n",
    "tabs": "if a:\n\tif b:\n\t\tc\n\td\n",
}
