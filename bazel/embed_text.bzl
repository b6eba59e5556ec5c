"""embed_text: a text file as a string constant of C++."""

def embed_text(name, src, out, constant):
    """Makes a header with the contents of a file.

    Args:
      name: of the rule.
      src: the file; text without the sequence )embedded".
      out: the header.
      constant: name of the constant, a const char[] in namespace breakproof::harness.
    """
    native.genrule(
        name = name,
        srcs = [src],
        outs = [out],
        cmd = """{{
          echo '#pragma once'
          echo 'namespace breakproof::harness {{'
          echo 'inline constexpr char {constant}[] = R"embedded('"$$(cat $<)"
          echo ')embedded";'
          echo '}}  // namespace breakproof::harness'
        }} > $@""".format(constant = constant),
    )
