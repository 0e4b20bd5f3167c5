"""What AutoGraph writes, made readable: the same steps, without what only AutoGraph needs.

`ag__.converted_call(f, (x,), dict(a=1), fscope)` is `f(x, a=1)`, `ag__.ld(x)` is `x`, and a
function's scope with its flags for what is returned is the function itself. What stays are the
branches and loops that became functions: `ag__.if_stmt`, `ag__.for_stmt`.
"""

from __future__ import annotations

import ast
import re

_RETURNS = ("do_return", "retval_")


def plain(source: str) -> str:
    """The readable form of what `tf.autograph.to_code` gives; unchanged where it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    tree = _Plain().visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


class _Plain(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = _of_autograph(node.func)
        if name == "ld" and len(node.args) == 1:
            return node.args[0]
        if name == "converted_call" and len(node.args) == 4:
            function, arguments, named, _ = node.args
            return ast.Call(function, _given(arguments), _named(named))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = node.name.removeprefix("tf__")
        self.generic_visit(node)
        node.body = _without_doc_of_scope(node.body) or [ast.Pass()]
        return node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        scope = node.items[0].context_expr
        if isinstance(scope, ast.Call) and _of_autograph(scope.func) == "FunctionScope":
            return _returning(node.body)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST | list[ast.stmt]:
        """`do_return = True; retval_ = value`, which sets both back where it fails."""
        self.generic_visit(node)
        kept = [each for each in node.body if _assigned(each) != "do_return"]
        if len(kept) == 1 and _assigned(kept[0]) == "retval_":
            return kept
        return node


def _of_autograph(function: ast.expr) -> str:
    """The name of a function of AutoGraph's own."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id == "ag__" else ""
    return ""


def _given(arguments: ast.expr) -> list[ast.expr]:
    if isinstance(arguments, ast.Tuple):
        return arguments.elts
    return [ast.Starred(arguments, ast.Load())]


def _named(named: ast.expr) -> list[ast.keyword]:
    if isinstance(named, ast.Constant) and named.value is None:
        return []
    if isinstance(named, ast.Call) and isinstance(named.func, ast.Name) and not named.args:
        return named.keywords
    return [ast.keyword(None, named)]


def _assigned(statement: ast.stmt) -> str:
    """The one name that a statement gives a value to."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _returning(body: list[ast.stmt]) -> list[ast.stmt]:
    """A function's body that keeps its result in retval_, as one that returns it.

    Where branches set the result, it is kept, and returned at the end.
    """
    last = body[-1]
    if not (isinstance(last, ast.Return) and isinstance(last.value, ast.Call)):
        return body
    if not re.fullmatch(r"fscope\w*\.ret\(retval_\w*, do_return\w*\)", ast.unparse(last.value)):
        return body
    kept = body[:-1]
    first = [each for each in kept[:2] if _assigned(each) in _RETURNS]
    rest = kept[len(first) :]
    if rest and _assigned(rest[-1]) == "retval_" and not _mentions(rest[:-1]):
        return [*rest[:-1], ast.Return(rest[-1].value)]
    return [*kept, ast.Return(last.value.args[0])]


def _mentions(body: list[ast.stmt]) -> bool:
    names = (n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name))
    return any(name in _RETURNS for name in names)


def _without_doc_of_scope(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body without the docstring that AutoGraph gives to functions it makes of branches."""
    first = body[0]
    made = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if made and isinstance(first.value.value, str) else body
