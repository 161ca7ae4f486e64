"""crossmedia models: list, fetch, add or export encoders, for people or as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.cli.options import JsonOption
from retrieval.cli.output import print_json, reported

if TYPE_CHECKING:
    from retrieval.encoders.hub import Arrival
    from retrieval.encoders.profile_registry import ProfileState
    from retrieval.encoders.registry import Model, ModelState
    from retrieval.encoders.runtimes import Record


models_app = typer.Typer()
profile_app = typer.Typer()
models_app.add_typer(profile_app, name="profile")


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List profiles and models, or fetch, add, export or remove one.

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
    from retrieval.encoders import profile_registry, runtimes
    from retrieval.encoders import registry as known
    from retrieval.encoders.speech import weights as speech_weights
    from retrieval.render.text import aligned, size

    profiles, states = profile_registry.list_profiles(), known.list_models()
    here = set(speech_weights.here())
    speech = speech_weights.speech_models().values()
    if as_json:
        print_json(
            {
                "version": 1,
                "profiles": [_profile_report(each) for each in profiles],
                "models": [_model_report(state) for state in states],
                "runtimes": [{"model": name, **asdict(each)} for name, each in runtimes.records().items()],
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
    if measured := runtimes.records():
        print("\nRuntimes")
        print("\n".join(line for name, each in measured.items() for line in _runtime_lines(name, each)))
    print("\nSpeech (Whisper)")
    rows = [(f" {m.name}", "here" if m.name in here else f"fetch {size(m.bytes)}", m.licence, m.repo) for m in speech]
    print("\n".join(aligned(rows)))
    print(
        "\ncrossmedia models fetch NAME brings a profile, a model or a Whisper size to this machine; crossmedia index "
        "--profile NAME makes a library by a profile."
    )


def _runtime_lines(model: str, record: Record) -> list[str]:
    """Which runtime encodes by a model here, how fast each is, and why others are not used."""
    speeds = ", ".join(f"{name} {spent:.1f} ms" for name, spent in record.milliseconds.items())
    used = record.plan if record.plan and record.plan not in record.reasons else record.usual
    return [f" {model}: {used} ({speeds} of processor time a {record.item})"] + [
        f"   {name} is not used: {reason}" for name, reason in record.reasons.items()
    ]


def _readiness(profile: Any) -> str:
    from retrieval.render.text import size

    return "ready" if profile.ready else f"fetch {size(profile.bytes_to_fetch)}"


def _profile_report(profile: ProfileState) -> dict[str, Any]:
    shared, sentence = (model.name for model in profile.models)
    return {
        "name": profile.name,
        "about": profile.about,
        "own": profile.own,
        "shared": shared,
        "sentence": sentence,
        "sound": profile.sound.name if profile.sound else None,
        "transcriber": profile.transcriber,
        "ready": profile.ready,
        "bytes_to_fetch": profile.bytes_to_fetch,
    }


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
    lacking = f"fetch {size(model.bytes)}" if model.bytes else "pip install" if model.package else "not here"
    here = "here" if state.here else lacking
    return f" {model.name}", here, ", ".join(sorted(model.senses)), model.licence, model.source


@models_app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(help="A profile, a model, NAME/TAG of open_clip, or a Whisper size.")],
    renew: Annotated[
        bool, typer.Option("--renew", help="Take other files than came from there the first time.")
    ] = False,
) -> None:
    """Fetch what is not here yet. The only command that uses the network.

    The revision and digest of what comes first are kept, and whatever comes later must be the same. A download that was cut
    goes on where it stopped. HF_ENDPOINT names a mirror of the model hub.
    """
    with reported():
        from retrieval.encoders.install import fetch, held, twin

        brought = fetch(name, renew=renew, on_arrival=_say_arrival)
        for state in brought:
            _say_state(state)
            if pin := held(state.model):
                revision = f"revision {pin.revision[:12]}, " if pin.revision else ""
                print(f"  {revision}sha256 {pin.sha256[:12]}, held since {pin.day}")
            if other := twin(state.model):
                print(f"  its golden vectors are those of {other.name}")
        if not brought:
            print(f"All that {name} needs is here.")


def _say_arrival(arrival: Arrival) -> None:
    """A line for each file that has come; on a terminal one line that moves."""
    from retrieval.render.text import size

    here = f"{size(arrival.here)} of {size(arrival.total)}" if arrival.total else size(arrival.here)
    line = f"fetching {arrival.number} of {arrival.files} files, {here}: {arrival.file}"
    if sys.stderr.isatty():
        end = "\n" if arrival.is_last else ""
        print(f"\r\033[K{line}", end=end, file=sys.stderr, flush=True)
    elif arrival.is_whole:
        print(line, file=sys.stderr)


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


@models_app.command("remove")
def models_remove(name: Annotated[str, typer.Argument(help="A model that was fetched or added.")]) -> None:
    """Forget a model, and delete what was fetched or exported of it; a folder that was added stays."""
    with reported():
        from retrieval.encoders.install import remove
        from retrieval.render.text import path_text, size

        removed = remove(name)
        stays = f"; {path_text(removed.folder)} stays" if removed.folder else ""
        print(f"{removed.name} is removed, {size(removed.bytes)} freed{stays}.")


@profile_app.callback(invoke_without_command=True)
def profile_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the profiles, or show, add or remove one: the models by which a library is encoded.

    `crossmedia index --profile NAME` makes a library by one, `crossmedia rebuild --profile NAME` encodes it again.
    """
    if context.invoked_subcommand is None:
        with reported():
            _list_profiles(as_json)


@profile_app.command("list")
def profile_list_again(as_json: JsonOption = False) -> None:
    """The same as `crossmedia models profile`."""
    with reported():
        _list_profiles(as_json)


def _list_profiles(as_json: bool) -> None:
    from retrieval.encoders.profile_registry import list_profiles
    from retrieval.render.text import aligned

    profiles = list_profiles()
    if as_json:
        print_json({"version": 1, "profiles": [_profile_report(each) for each in profiles]})
        return
    print("\n".join(aligned([(each.name, _readiness(each), each.about) for each in profiles])))


@profile_app.command("show")
def profile_show(
    name: Annotated[str, typer.Argument(help="A profile; auto: the best that is here.")], as_json: JsonOption = False
) -> None:
    """Print the models of a profile, and what is missing of them here."""
    with reported():
        from retrieval.encoders.profile_registry import profile_state
        from retrieval.encoders.registry import fetch_hint, model_state

        profile = profile_state(name)
        if as_json:
            print_json({"version": 1, **_profile_report(profile)})
            return
        print(f"{profile.name}: {profile.about}")
        for space, model in zip(("shared", "sentence"), profile.models, strict=True):
            note = f" (not here: {fetch_hint(model)})" if model in profile.missing else ""
            print(f"  {space:<12}{model.name}, {', '.join(sorted(model.senses))}, {model.licence}{note}")
        if profile.sound:
            model = profile.sound
            where = "in the shared space" if "sound" in profile.models[0].senses else "found by words alone"
            here = model_state(model).here
            note = "" if here else f" (not here, so sounds are {where}: {fetch_hint(model)})"
            print(f"  {'sound':<12}{model.name}, {', '.join(sorted(model.senses))}, {model.licence}{note}")
        print(f"  {'transcriber':<12}{profile.transcriber}")


@profile_app.command("add")
def profile_add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    shared: Annotated[str, typer.Option(metavar="MODEL", help="Of pictures, sounds and questions to them.")],
    sentence: Annotated[str, typer.Option(metavar="MODEL", help="Of texts and speech.")] = "use-multilingual",
    sound: Annotated[str, typer.Option(metavar="MODEL", help="Of sounds, in a space of their own, as CLAP.")] = "",
    transcriber: Annotated[str, typer.Option(metavar="NAME", help="A Whisper size, or auto: the best here.")] = "auto",
    about: Annotated[str, typer.Option(metavar="TEXT", help="A line for the list.")] = "",
) -> None:
    """Keep a choice of models under a name."""
    with reported():
        from retrieval.encoders.profile_registry import add_profile

        profile = add_profile(name, shared=shared, sentence=sentence, sound=sound, transcriber=transcriber, about=about)
        models = [*profile.models, *([profile.sound] if profile.sound else [])]
        print(f"The profile {profile.name} is kept: {', '.join(model.name for model in models)}.")


@profile_app.command("remove")
def profile_remove(name: Annotated[str, typer.Argument(help="A profile of yours.")]) -> None:
    """Forget a profile of yours; libraries that were made by it go on."""
    with reported():
        from retrieval.encoders.profile_registry import remove_profile

        remove_profile(name)
        print(f"The profile {name} is removed.")


def _say_state(state: ModelState) -> None:
    from retrieval.render.text import path_text

    where = f" at {path_text(state.folder)}" if state.folder else ""
    exported = ", exported to ONNX" if state.exported else ""
    print(f"{state.model.name} is here{where}{exported}.")
