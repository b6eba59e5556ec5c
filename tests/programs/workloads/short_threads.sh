#!/usr/bin/env bash
# Thousands of threads that live for a moment and leave blocks to each other.
if [[ $SHORT ]]; then "$SHORT_THREADS" 2000; else "$SHORT_THREADS" 50000; fi
