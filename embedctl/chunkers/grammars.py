"""Tree-sitter grammars by language, and what each calls a definition."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

GRAMMARS = {
    "bash": "tree_sitter_bash:language",
    "c": "tree_sitter_c:language",
    "cpp": "tree_sitter_cpp:language",
    "csharp": "tree_sitter_c_sharp:language",
    "go": "tree_sitter_go:language",
    "java": "tree_sitter_java:language",
    "javascript": "tree_sitter_javascript:language",
    "php": "tree_sitter_php:language_php",
    "python": "tree_sitter_python:language",
    "ruby": "tree_sitter_ruby:language",
    "rust": "tree_sitter_rust:language",
    "tsx": "tree_sitter_typescript:language_tsx",
    "typescript": "tree_sitter_typescript:language_typescript",
}

_KEYWORDS = {
    "class": "abstract_class_declaration class class_declaration class_definition class_specifier",
    "const": "const_item",
    "constructor": "constructor_declaration",
    "def": "method singleton_method",
    "destructor": "destructor_declaration",
    "enum": "enum_declaration enum_item enum_specifier",
    "fn": "function_item",
    "function": "function_declaration function_definition generator_function_declaration",
    "impl": "impl_item",
    "interface": "interface_declaration",
    "macro": "macro_definition",
    "method": "local_function_statement method_declaration method_definition",
    "mod": "mod_item",
    "module": "module",
    "namespace": "internal_module namespace_declaration namespace_definition",
    "property": "property_declaration",
    "record": "record_declaration",
    "struct": "struct_declaration struct_item struct_specifier",
    "trait": "trait_declaration trait_item",
    "type": "type_alias_declaration type_declaration type_item",
    "union": "union_item union_specifier",
}
"""The word in front of a definition's name in a heading path, and the node types that it stands for."""
_KEYWORD_OF = {kind: keyword for keyword, kinds in _KEYWORDS.items() for kind in kinds.split()}

_OWN_KEYWORDS = {
    ("python", "function_definition"): "def",
    ("go", "function_declaration"): "func",
    ("go", "method_declaration"): "func",
    ("php", "property_declaration"): "",
}
_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "function", "class"})
_NAME_FIELDS = ("name", "declarator")
WRAPPERS = frozenset({"decorated_definition", "export_statement", "template_declaration"})
"""Nodes around a definition, which carry its decorators, its export or its parameters."""
_WRAPPED_FIELDS = ("definition", "declaration", "value")
MOST_LABEL_CHARACTERS = 120


@cache
def parser_for(language: str) -> Parser:
    """Return a parser of one of the languages in ``GRAMMARS``."""
    from tree_sitter import Language, Parser

    module, _, attribute = GRAMMARS[language].partition(":")
    return Parser(Language(getattr(import_module(module), attribute)()))


def label_of(node: Node, language: str) -> str:
    """Return ``"class Store"`` for a definition, an empty string for any other node.

    Decorators, exports and templates are looked through; a variable that holds a function counts as one.
    """
    definition = _unwrapped(node)
    keyword = _OWN_KEYWORDS.get((language, definition.type), _KEYWORD_OF.get(definition.type, ""))
    if keyword:
        name = _name(definition, language)
        return f"{keyword} {name}"[:MOST_LABEL_CHARACTERS] if name else ""
    if definition.type in {"lexical_declaration", "variable_declaration"}:
        for declarator in definition.named_children:
            value = declarator.child_by_field_name("value")
            name_node = declarator.child_by_field_name("name")
            if value is not None and name_node is not None and value.type in _FUNCTION_VALUES:
                return f"{'class' if value.type == 'class' else 'function'} {_text(name_node)}"[:MOST_LABEL_CHARACTERS]
    return ""


def _unwrapped(node: Node) -> Node:
    if node.type in {"decorated_definition", "export_statement"}:
        inner = map(node.child_by_field_name, _WRAPPED_FIELDS)
        return next((found for found in inner if found is not None), node)
    if node.type == "template_declaration" and node.named_children:
        return node.named_children[-1]
    return node


def _name(node: Node, language: str) -> str:
    if node.type == "impl_item":
        trait, target = node.child_by_field_name("trait"), node.child_by_field_name("type")
        names = [_text(part) for part in (trait, target) if part is not None]
        return " for ".join(names)
    if node.type == "type_declaration":
        return ", ".join(_name(spec, language) for spec in node.named_children if spec.child_by_field_name("name"))
    receiver = node.child_by_field_name("receiver") if language == "go" else None
    name = ""
    current: Node | None = node
    # C and C++ hide the name inside nested declarators: pointers, references, parameter lists.
    while current is not None:
        inner = next((found for field in _NAME_FIELDS if (found := current.child_by_field_name(field))), None)
        if inner is not None:
            name, current = _text(inner), inner if inner.type.endswith("declarator") else None
        elif current.type == "reference_declarator" and current.named_children:
            current = current.named_children[-1]
        else:
            break
    return f"{_text(receiver)} {name}" if receiver is not None and name else name


def _text(node: Node) -> str:
    return " ".join((node.text or b"").decode("utf-8", "replace").split())
