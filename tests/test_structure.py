import ast
import subprocess
import sys
from pathlib import Path

import matting

PACKAGE = Path(matting.__file__).parent
ROOT = PACKAGE.parent
LONGEST = 400  # lines; most files are far shorter
MOST_FILES = 16  # in a folder
APP_ONLY = {"gradio", "spaces"}
HEAVY = {"torch", "torchvision", "cv2", "transformers", "gradio", "pymatting", "scipy", "PIL", "numpy"}

# design.md: data flows one way, and a layer imports only from layers at or above its own place in this list.
LAYERS = (
    ("matting.files",),
    ("matting.masks", "matting.trimaps"),
    ("matting.images",),  # it reads trimaps, so it knows what one is
    ("matting.compositing",),
    ("matting.networks.layers",),
    ("matting.networks.backbones",),  # published networks know none of ours
    ("matting.networks", "matting.inference.progress"),
    ("matting.inference",),
    ("matting.coarse",),
    ("matting.replay.run_length", "matting.replay.recipe"),
    ("matting.result", "matting.pipeline", "matting.explanation"),
    ("matting.methods",),
    ("matting.data",),
    ("matting.evaluation",),  # it scores what the readers in matting.data find
    ("matting.figures",),
    ("matting.replay",),  # a recipe may name the methods that evaluation compares ours with
    ("matting.training",),
    ("matting.lessons",),
    ("matting.app.parts",),
    ("matting.app.backend",),
    ("matting.app.session",),
    ("matting.app",),
    ("matting.commands",),
    ("matting.__main__",),
)


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def imports(name):
    """Every module that a module imports, at its top or inside a function, by full name."""
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else module for name in names)


def found(name, kind):
    return [node for node in ast.walk(TREES[name]) if isinstance(node, kind)]


def layer(name):
    """Return the place of a module: of its own or its nearest package's entry."""
    places = {member: place for place, members in enumerate(LAYERS) for member in members}
    while name and name not in places:
        name = name.rpartition(".")[0]
    return places.get(name)


def loaded_by(statement):
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}; import sys; print(' '.join(sorted({{n.partition('.')[0] for n in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_every_module_has_its_place():
    assert [name for name in FILES if name != "matting" and layer(name) is None] == []


def test_imports_point_one_way():
    wrong = [
        (name, other)
        for name in FILES
        for other in imports(name)
        if other.startswith("matting.") and name != "matting" and layer(other) > layer(name)
    ]
    assert wrong == []


def test_no_file_imports_another_that_imports_it():
    """Not by any way round, so that each file can be read, moved and tested after those it imports."""
    arrows = {name: {other for other in imports(name) if other in FILES and other != name} for name in FILES}
    bare = [name for name, others in arrows.items() if not others]
    while bare:
        for name in bare:
            del arrows[name]
        for others in arrows.values():
            others.difference_update(bare)
        bare = [name for name, others in arrows.items() if not others]
    assert arrows == {}


def test_a_steps_layout_knows_no_listeners_and_listeners_no_wiring():
    steps = [name for name in FILES if name.startswith("matting.app.")]
    for kind, later in (("layout", ("listeners", "wiring", "components")), ("listeners", ("wiring", "page"))):
        of_this_kind = [name for name in steps if name.endswith(f".{kind}")]
        assert of_this_kind
        assert [(name, other) for name in of_this_kind for other in imports(name) if other.endswith(later)] == []


def test_the_package_shows_few_files_and_rooms_are_not_crowded():
    folders = {path.parent for path in FILES.values()}
    assert len(list(PACKAGE.glob("*.py"))) <= 8
    crowded = {folder.name: len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in crowded.items() if count > MOST_FILES} == {}


def test_nothing_but_the_app_imports_gradio():
    outside = [name for name in FILES if not name.startswith("matting.app")]
    assert [name for name in outside if {other.partition(".")[0] for other in imports(name)} & APP_ONLY] == []


def test_inference_reaches_neither_training_nor_gradio():
    reached, waiting = set(), ["matting.pipeline", "matting.result"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in FILES:
            continue
        reached.add(name)
        waiting.extend(imports(name))
        waiting.append(name.rpartition(".")[0])
    assert "matting.networks.attention" in reached  # the walk does walk
    assert [name for name in reached if layer(name) is not None and layer(name) >= layer("matting.data")] == []


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import matting") & HEAVY


def test_the_command_line_says_its_usage_without_loading_torch():
    assert not loaded_by("import matting.__main__ as m; m._command_modules()") & {"torch", "transformers", "gradio"}


def test_the_door_needs_no_torch():
    assert not loaded_by("import matting.images, matting.trimaps.algebra, matting.compositing") & {"torch", "pymatting"}


def test_the_app_is_started_by_demo_app_and_not_the_other_way():
    assert not any("demo_app" in other for name in FILES for other in imports(name))
    tree = ast.parse((ROOT / "demo_app.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert any(module.startswith("matting") for module in imported)


def test_no_star_imports():
    assert [name for name in FILES for node in found(name, ast.alias) if node.name == "*"] == []


def test_no_exception_is_swallowed():
    handlers = [(name, handler) for name in FILES for handler in found(name, ast.ExceptHandler)]
    assert [name for name, handler in handlers if handler.type is None] == []
    assert [name for name, handler in handlers if all(isinstance(line, ast.Pass) for line in handler.body)] == []


def test_no_file_grows_long():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_library_code_warns_or_sets_threads():
    """Only commands choose a number of threads.

    Compositing puts PyTorch's own back after Numba has changed it, and in forked processes there is but one that works.
    """
    calls = [(name, ast.unparse(call.func)) for name in FILES for call in found(name, ast.Call)]
    assert [name for name, call in calls if call == "warnings.warn"] == []
    setters = {name for name, call in calls if call == "torch.set_num_threads"}
    assert all(
        layer(name) == layer("matting.commands")
        for name in setters - {"matting.compositing.colours", "matting.pipeline"}
    )


def test_no_drawer_for_odds_and_ends():
    assert not {name.rpartition(".")[2] for name in FILES} & {"utils", "helpers", "common", "misc"}
