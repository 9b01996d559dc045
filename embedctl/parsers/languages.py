"""Languages of code and configuration, by file ending, file name and shebang."""

from __future__ import annotations

import re
from typing import NamedTuple


class Language(NamedTuple):
    """A language's name, its media type and what its files are called."""

    name: str
    """Lower case, as tree-sitter calls it where it has a grammar."""
    media_type: str
    endings: str
    """Separated by spaces, without dots."""
    names: str = ""
    """Whole file names, lower case."""
    interpreters: str = ""
    """Programs in a shebang line, without version numbers."""


LANGUAGES = (
    Language("python", "text/x-python", "py pyi pyw pyx bzl", "sconstruct sconscript build.bazel", "python pypy"),
    Language("javascript", "text/javascript", "js mjs cjs jsx", interpreters="node nodejs bun"),
    Language("typescript", "text/x-typescript", "ts mts cts", interpreters="deno ts-node tsx"),
    Language("tsx", "text/x-tsx", "tsx"),
    Language("go", "text/x-go", "go"),
    Language("rust", "text/x-rust", "rs"),
    Language("java", "text/x-java", "java"),
    Language("c", "text/x-c", "c h"),
    Language("cpp", "text/x-c++", "cc cpp cxx c++ hh hpp hxx h++ ino cu cuh"),
    Language("csharp", "text/x-csharp", "cs csx"),
    Language("php", "text/x-php", "php phtml", interpreters="php"),
    Language("ruby", "text/x-ruby", "rb rake gemspec", "rakefile gemfile vagrantfile", "ruby jruby"),
    Language(
        "bash",
        "text/x-shellscript",
        "sh bash zsh ksh",
        ".bashrc .bash_profile .profile .zshrc",
        "sh bash zsh ksh dash",
    ),
    Language("fish", "text/x-fish", "fish", interpreters="fish"),
    Language("powershell", "text/x-powershell", "ps1 psm1 psd1", interpreters="pwsh"),
    Language("batch", "text/x-batch", "bat cmd"),
    Language("kotlin", "text/x-kotlin", "kt kts"),
    Language("scala", "text/x-scala", "scala sc sbt"),
    Language("groovy", "text/x-groovy", "groovy gradle", "jenkinsfile", "groovy"),
    Language("swift", "text/x-swift", "swift"),
    Language("objc", "text/x-objectivec", "m mm"),
    Language("dart", "text/x-dart", "dart"),
    Language("lua", "text/x-lua", "lua", interpreters="lua luajit"),
    Language("perl", "text/x-perl", "pl pm", interpreters="perl"),
    Language("r", "text/x-r", "r", ".rprofile", "rscript"),
    Language("julia", "text/x-julia", "jl", interpreters="julia"),
    Language("haskell", "text/x-haskell", "hs", interpreters="runhaskell"),
    Language("ocaml", "text/x-ocaml", "ml mli", interpreters="ocaml"),
    Language("fsharp", "text/x-fsharp", "fs fsi fsx"),
    Language("elixir", "text/x-elixir", "ex exs", interpreters="elixir"),
    Language("erlang", "text/x-erlang", "erl hrl", interpreters="escript"),
    Language("clojure", "text/x-clojure", "clj cljs cljc edn"),
    Language("elisp", "text/x-emacs-lisp", "el"),
    Language("lisp", "text/x-common-lisp", "lisp cl scm rkt"),
    Language("zig", "text/x-zig", "zig"),
    Language("nim", "text/x-nim", "nim"),
    Language("d", "text/x-d", "d"),
    Language("pascal", "text/x-pascal", "pas pp"),
    Language("fortran", "text/x-fortran", "f f90 f95 f03 f08 for"),
    Language("ada", "text/x-ada", "adb ads"),
    Language("cobol", "text/x-cobol", "cob cbl"),
    Language("assembly", "text/x-asm", "asm s"),
    Language("verilog", "text/x-verilog", "v sv svh"),
    Language("vhdl", "text/x-vhdl", "vhd vhdl"),
    Language("solidity", "text/x-solidity", "sol"),
    Language("vb", "text/x-vb", "vb vbs bas"),
    Language("awk", "text/x-awk", "awk", interpreters="awk gawk"),
    Language("tcl", "text/x-tcl", "tcl", interpreters="tclsh"),
    Language("sql", "application/sql", "sql ddl"),
    Language("css", "text/css", "css"),
    Language("scss", "text/x-scss", "scss sass"),
    Language("less", "text/x-less", "less"),
    Language("vue", "text/x-vue", "vue"),
    Language("svelte", "text/x-svelte", "svelte"),
    Language("graphql", "application/graphql", "graphql gql"),
    Language("protobuf", "text/x-protobuf", "proto"),
    Language("thrift", "text/x-thrift", "thrift"),
    Language("json", "application/json", "json json5 jsonc jsonl ndjson geojson webmanifest"),
    Language("yaml", "application/yaml", "yaml yml"),
    Language("toml", "application/toml", "toml", "pipfile"),
    Language("ini", "text/x-ini", "ini cfg conf properties desktop", ".editorconfig .gitconfig"),
    Language("xml", "application/xml", "xml xsd xsl xslt rss atom wsdl csproj plist"),
    Language("hcl", "text/x-hcl", "tf tfvars hcl"),
    Language("nix", "text/x-nix", "nix"),
    Language("dockerfile", "text/x-dockerfile", "dockerfile", "dockerfile containerfile"),
    Language("make", "text/x-makefile", "mk mak", "makefile gnumakefile justfile"),
    Language("cmake", "text/x-cmake", "cmake", "cmakelists.txt"),
    Language("vim", "text/x-vim", "vim", ".vimrc"),
)

BY_ENDING = {f".{ending}": language for language in LANGUAGES for ending in language.endings.split()}
BY_NAME = {name: language for language in LANGUAGES for name in language.names.split()}
BY_INTERPRETER = {program: language for language in LANGUAGES for program in language.interpreters.split()}

_SHEBANG = re.compile(
    r"#![ \t]*(?:\S*/)?(?:env(?:[ \t]+-\S+|[ \t]+\w+=\S*)*[ \t]+(?:\S*/)?)?(?P<program>[A-Za-z][A-Za-z-]*[A-Za-z])"
)


def by_shebang(first_line: str) -> Language | None:
    """Return the language of a ``#!`` line, version numbers aside."""
    match = _SHEBANG.match(first_line)
    return BY_INTERPRETER.get(match["program"].lower()) if match else None
