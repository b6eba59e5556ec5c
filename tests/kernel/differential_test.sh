#!/bin/sh
# The differential in its three ways of driving the kernel. The first run must exercise every modelled rule.
set -eu
"$1" --calls=300000 --seed=1
"$1" --calls=30000 --seed=2 --minimum=0 --natural-break
"$1" --calls=30000 --seed=3 --minimum=0 --text-maps
