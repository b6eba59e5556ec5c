"""cc_fuzz_test: a libFuzzer target, its corpus test and its launcher, named as rules_fuzzing names them."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def cc_fuzz_test(name, corpus = [], dicts = [], max_len = 4096, tags = [], size = "medium", **binary):
    """Defines a fuzz target.

    Args:
      name: the test that runs the corpus once. Beside it:
        NAME_bin         the fuzz target itself, linked with the engine that --config selects
        NAME_run         `bazel run --config=asan-libfuzzer :NAME_run -- [--clean] [--timeout_secs=N]
                         [--fuzzing_output_root=DIR] [--regression] [-- ENGINE_FLAGS]`
        NAME_corpus      the seed corpus files
        NAME_corpus_zip  the same as one archive
        NAME_dict        the dictionaries, joined (only if there are any)
      corpus: seed inputs, files or filegroups.
      dicts: libFuzzer dictionaries.
      max_len: longest input the engine makes, bytes.
      tags: for NAME; `fuzz-test` is added.
      size: for NAME.
      **binary: everything else goes to the cc_binary (srcs, deps, copts, data, ...).
    """
    cc_binary(
        name = name + "_bin",
        testonly = True,
        deps = binary.pop("deps", []) + ["//bazel/fuzzing:fuzzing_engine"],
        tags = ["manual"],
        **binary
    )
    native.filegroup(
        name = name + "_corpus",
        srcs = corpus,
        testonly = True,
    )
    native.genrule(
        name = name + "_corpus_zip",
        srcs = [name + "_corpus"],
        outs = [name + "_corpus.zip"],
        tools = ["//bazel/fuzzing:corpus_zip.sh"],
        cmd = "$(location //bazel/fuzzing:corpus_zip.sh) $@ $(locations {}_corpus)".format(name) if corpus else
              "$(location //bazel/fuzzing:corpus_zip.sh) $@",
        testonly = True,
        tags = ["manual"],
    )
    data = [name + "_bin", name + "_corpus"]
    dict_args = []
    if dicts:
        native.genrule(
            name = name + "_dict",
            srcs = dicts,
            outs = [name + ".dict"],
            cmd = "cat $(SRCS) > $@",
            testonly = True,
        )
        data.append(name + "_dict")
        dict_args = ["--dict=$(rootpath {}_dict)".format(name)]
    corpus_args = ["--corpus=$(rootpaths {}_corpus)".format(name)] if corpus else []
    native.sh_test(
        name = name,
        srcs = ["//bazel/fuzzing:regression.sh"],
        args = ["--target=$(rootpath {}_bin)".format(name)] + ["'" + a + "'" for a in corpus_args],
        data = data,
        size = size,
        tags = tags + ["fuzz-test"],
    )
    native.sh_binary(
        name = name + "_run",
        srcs = ["//bazel/fuzzing:launcher.sh"],
        args = [
            "--name=" + name,
            "--target=$(rootpath {}_bin)".format(name),
            "--max_len={}".format(max_len),
        ] + ["'" + a + "'" for a in corpus_args] + dict_args,
        data = data,
        testonly = True,
        tags = ["manual"],
    )
