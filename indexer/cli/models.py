"""crossmedia models: list, fetch, add or export encoders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.cli.options import JsonOption
from retrieval.cli.output import print_json, reported

if TYPE_CHECKING:
    from retrieval.encoders.registry import Model, ModelState


models_app = typer.Typer()


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List profiles and models, or fetch, add or export one.

    The list says what is on this machine, and what would be fetched from where, how large and under which licence.
    """
    if context.invoked_subcommand is None:
        with reported():
            _list_models(as_json)


@models_app.command("list")
def models_list(as_json: JsonOption = False) -> None:
    """The same as `crossmedia models`."""
    with reported():
        _list_models(as_json)


def _list_models(as_json: bool) -> None:
    from retrieval.encoders import registry as known
    from retrieval.encoders.speech import weights as speech_weights
    from retrieval.render.text import aligned, size

    profiles, states = known.list_profiles(), known.list_models()
    here = set(speech_weights.here())
    speech = speech_weights.speech_models().values()
    if as_json:
        print_json(
            {
                "version": 1,
                "profiles": [
                    {"name": p.name, "about": p.about, "ready": p.ready, "bytes_to_fetch": p.bytes_to_fetch}
                    for p in profiles
                ],
                "models": [_model_report(state) for state in states],
                "speech": [
                    {"name": m.name, "here": m.name in here, "licence": m.licence, "bytes": m.bytes} for m in speech
                ],
            }
        )
        return
    print("Profiles")
    print("\n".join(aligned([(f" {p.name}", _readiness(p), p.about) for p in profiles])))
    print("\nModels")
    print("\n".join(aligned([_model_row(state) for state in states])))
    print("\nSpeech (Whisper)")
    rows = [(f" {m.name}", "here" if m.name in here else f"fetch {size(m.bytes)}", m.licence, m.repo) for m in speech]
    print("\n".join(aligned(rows)))
    print("\ncrossmedia models fetch NAME brings a profile, a model or a Whisper size to this machine.")


def _readiness(profile: Any) -> str:
    from retrieval.render.text import size

    return "ready" if profile.ready else f"fetch {size(profile.bytes_to_fetch)}"


def _model_report(state: ModelState) -> dict[str, Any]:
    model: Model = state.model
    return {
        "name": model.name,
        "here": state.here,
        "folder": None if state.folder is None else str(state.folder),
        "exported": state.exported,
        "senses": sorted(model.senses),
        "dimension": model.dimension or None,
        "licence": model.licence,
        "bytes": model.bytes or None,
        "source": model.source,
    }


def _model_row(state: ModelState) -> tuple[str, str, str, str, str]:
    from retrieval.render.text import size

    model = state.model
    here = "here" if state.here else f"fetch {size(model.bytes)}" if model.bytes else "not here"
    return f" {model.name}", here, ", ".join(sorted(model.senses)), model.licence, model.source


@models_app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(help="A profile, a model, NAME/TAG of open_clip, or a Whisper size.")],
) -> None:
    """Fetch what is not here yet. The only command that uses the network."""
    with reported():
        from retrieval.encoders.install import fetch

        for state in fetch(name):
            _say_state(state)


@models_app.command("add")
def models_add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A checkpoint, sentence-transformers or ONNX folder.")],
    name: Annotated[str, typer.Option(help="What to call it [default: the folder's name].")] = "",
) -> None:
    """Make a model in a local folder known; the folder stays where it is."""
    with reported():
        from retrieval.encoders.install import add

        _say_state(add(folder, name))


@models_app.command("export")
def models_export(name: Annotated[str, typer.Argument(help="A model that runs by torch.")]) -> None:
    """Write the ONNX form of a model, which then serves without torch."""
    with reported():
        from retrieval.encoders.install import export

        _say_state(export(name))


def _say_state(state: ModelState) -> None:
    from retrieval.render.text import path_text

    where = f" at {path_text(state.folder)}" if state.folder else ""
    exported = ", exported to ONNX" if state.exported else ""
    print(f"{state.model.name} is here{where}{exported}.")
