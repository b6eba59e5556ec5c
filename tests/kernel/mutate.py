"""Applies mutants.txt to copies of the model's sources.

Usage: mutate.py MUTANTS OUTPUT_DIR SOURCE... ; every source is written to OUTPUT_DIR under its own name.
Fails if a passage is not found exactly once.
"""
import os
import sys


def read_mutants(path):
    """Yields (id, file, old, new)."""
    entry = None
    with open(path) as lines:
        for line in lines:
            text = line.rstrip("\n")
            if text.startswith("@ "):
                if entry:
                    yield entry
                rule, file = text.split()[1:3]
                entry = (rule, file, [], [])
            elif text.startswith("-") and entry:
                entry[2].append(text[2:].lstrip())
            elif text.startswith("+") and entry:
                entry[3].append(text[2:])
    if entry:
        yield entry


def main():
    mutants, output = sys.argv[1:3]
    sources = {path: open(path).read() for path in sys.argv[3:]}
    for rule, file, old, new in read_mutants(mutants):
        passage, replacement = "\n".join(old), "\n".join(new).lstrip()
        if file not in sources or sources[file].count(passage) != 1:
            sys.exit(f"mutant {rule}: its passage must occur once in {file}: {passage}")
        sources[file] = sources[file].replace(passage, replacement)
    for path, text in sources.items():
        with open(os.path.join(output, os.path.basename(path)), "w") as copy:
            copy.write(text)


main()
