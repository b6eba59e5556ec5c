"""How the allocator is compiled: what ships must need nothing but libc and export nothing but its interface."""

ALLOCATOR_COPTS = [
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    # What the library does not use of it, the walker above all, is left out of it.
    "-ffunction-sections",
    "-fdata-sections",
    # A loop that zeroes must not become a call of calloc.
    "-fno-builtin-malloc",
    "-fno-builtin-calloc",
    "-fno-stack-protector",
    "-fomit-frame-pointer",
    # Assumes that TLS is there from the start, as it is for a preloaded or linked library.
    "-ftls-model=initial-exec",
]
