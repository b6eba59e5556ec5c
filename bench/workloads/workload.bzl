"""A benchmark's program: one source file, linked with nothing that hides malloc, built as it would ship."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//bazel:shipped.bzl", "shipped_binary")

def workload(name, srcs = [], deps = []):
    """Builds NAME.cc.

    Args:
      name: of the workload; its source is NAME.cc.
      srcs: headers it shares with another workload.
      deps: more than every workload has.
    """
    cc_binary(
        name = name + "_program",
        srcs = [name + ".cc"] + srcs,
        copts = [
            # The compiler must not know malloc: it would leave out pairs of calls that it sees through.
            "-fno-builtin",
            "-fno-exceptions",
            "-fno-rtti",
        ],
        linkopts = [
            "-Wl,--as-needed",
            "-lpthread",
            "-ldl",
        ],
        deps = ["//bench/workloads/support"] + deps,
    )
    shipped_binary(
        name = name,
        binary = ":" + name + "_program",
    )
