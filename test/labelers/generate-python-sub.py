"""Writes python-sub.json: what re.sub of Python 3.6, the original's version, makes of patterns and texts."""
import json
import os
import random
import re
import sys
import warnings

warnings.simplefilter("ignore")
assert sys.version_info[:2]==(3,6)
rnd=random.Random(7)
subs=[
 ("__(.*)__",r"\1",["__val__","x"]),
 (r".*/.*/.*/(.*)\..*",r"\1",["example/devel/staging-13/redis.small","nothing"]),
 (".*","X",["abc","","a\nb"]),("x*","-",["abxd","","xx"]),("","-",["abc",""]),
 ("(?P<a>.)(?P<b>.)",r"\g<b>\g<a>\g<0>",["abcd","abc"]),
 ("(?P<q>['\"]).*?(?P=q)","<>",["say 'a' and \"b'c\"!"]),
 (r"(a)|b",r"[\1]",["ab"]),("a","$1$&$$",["banana"]),("a",r"\\\n\t\.\q",["a"]),
 (r"\Aa|a\Z","X",["aaa","a\n"]),("^a","X",["aa\na"]),("(?m)^a$","X",["a\na\r\na"]),
 ("a$","X",["a\n","a\r","aa"]),("(?i)STRASSE|é","X",["straße É strasse"]),
 ("(?s)a.b","X",["a\nb","a\rb"]),("a.b","X",["a\nb","a\rb","a\u2028b"]),
 (r"\w+","W",["żółw_1-ab","a²b","日本 x"]),(r"(?a)\w+","W",["żółw_1-ab"]),
 (r"\d","D",["1٣x"]),(r"\s+","_",["a \t\u00a0\u2003b\x1cc\ufeffd"]),
 (r"\b","|",["ab cd","żó",""]),(r"\B","|",["ab cd",""]),(r"[\W_]+","-",["a_b-c ż"]),
 (r"[]a]+","X",["]a]b"]),(r"[^]a]+","X",["]a]bc"]),(r"[a\-z]+","X",["a-z b"]),("[a-]+","X",["a-b"]),
 (r"[[&&~~-]","X",["[&~-a"]),(r"\x41\u0042\101","X",["ABA"]),(r"a{,2}","X",["aaaa"]),(r"a{2}b{1,}","X",["aabbb"]),
 (r"a{x}{}","Y",["a{x}{}"]),("{}","Y",["{}"]),(r"a{1,2}?","X",["aaa"]),("(?x) a  b # c\n +","X",["abbb a b"]),
 ("(?i:A)b","X",["ab aB Ab"]),("(?=a)*b","X",["ab"]),("(?<=a)b","X",["ab bb"]),("(?<!a)b","X",["ab bb"]),
 ("(?#note)a","X",["a"]),("(.)\\1","X",["aabbc"]),("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10",r"\g<10>0",["abcdefghijj"]),
 ("😀.","X",["😀😁a"]),(".","-",["😀a"]),("a|","-",["bab"]),("(a*)(b*)",r"<\1,\2>",["aabb c"]),
 ("/","\\\\/",["a/b"]),("[/]","-",["a/b"]),("-","_",["a-b"]),("a",r"\060\0x\101",["a"]),("(a)?b",r"<\1>",["b ab"]),
]
atoms=["a","b","ab","[ab]","[^a]",".","(a)","(?:ab)","(a|b)","\\w","\\s","^","$","(b*)","\\b","-"]
quant=["","","","*","+","?","*?","{2}","{,2}","{1,2}?"]
for _ in range(260):
    # A repeated group that can be empty is a known difference, see python-pattern.ts.
    p="".join(rnd.choice(atoms)+rnd.choice(quant) for _ in range(rnd.randint(1,4)))
    p=re.sub(r"(\(b\*\))(?:[*+?]\??|\{[^}]*\}\??)", r"\1", p)
    if rnd.random()<.2: p=p+"|"+rnd.choice(atoms)
    try: c=re.compile(p)
    except Exception: continue
    r="<\\g<0>>" if not c.groups else "<\\%d>"%rnd.randint(1,c.groups)
    subs.append((p,r,["".join(rnd.choice("aabb -\n") for _ in range(rnd.randint(0,8))) for _ in range(3)]))
rows=[]
for p,r,ts in subs:
    for t in ts: rows.append([p,r,t,re.sub(p,r,t)])
bad=["(","a)","[a","*a","a**","a*+","a{2}{3}","(?P<n>a)(?P<n>b)","(?P<1>a)","(?P=x)","\\1","(a\\1)","\\q","a\\","(?Px)","[b-a]","[\\w-z]","\\x4","\\400","^*","(?<a>b)","a{3,2}","(?L)a"]
for p in bad:
    try: re.compile(p); print("accepted",p,file=sys.stderr)
    except Exception as e: pass
badr=[("a","\\1"),("a","\\g<x>"),("a","x\\"),("(a)","\\2"),("a","\\g<1"),("a","\\g1"),("a","\\400"),("a","\\g<>")]
for p,r in badr:
    try: re.sub(p,r,"a"); print("accepted",p,r,file=sys.stderr)
    except Exception: pass
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "python-sub.json"), "w") as f:
    f.write('{\n  "python": "%d.%d.%d",\n  "rows": [\n' % sys.version_info[:3])
    f.write(",\n".join("    "+json.dumps(x) for x in rows))
    f.write('\n  ],\n  "refusedPatterns": '+json.dumps(bad)+',\n  "refusedReplacements": '+json.dumps(badr)+'\n}\n')
