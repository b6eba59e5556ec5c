#!/usr/bin/env bash
# Objects of all sizes, threads that share them, JSON, a child process.
/usr/bin/python3 - "${SHORT:+short}" <<'PYTHON'
import hashlib, json, random, subprocess, sys, threading, zlib

rounds = 20000 if sys.argv[1] else 200000
draw = random.Random(1)
table, digest = {}, hashlib.sha256()
for i in range(rounds):
    key = draw.randrange(5000)
    if key in table and draw.random() < 0.5:
        digest.update(zlib.compress(bytes(table.pop(key))))
    else:
        table[key] = bytearray(draw.randbytes(draw.choice([1, 30, 500, 4000, 70000]) if i % 50 == 0 else 40))

results = [None] * 8
def work(number):
    words = [str(number * i) * (i % 7) for i in range(rounds // 10)]
    results[number] = hashlib.sha256(json.dumps(sorted(words)).encode()).hexdigest()
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
child = subprocess.run([sys.executable, "-c", "print(sum(len('x' * i) for i in range(5000)))"], capture_output=True)
print(digest.hexdigest(), *results, child.stdout.decode(), sep="\n")
PYTHON
