"""Which encoders a profile gives to indexing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.pipeline.stages import Place
from retrieval.domain.media import ImageSpec, Space
from retrieval.encoders.profile import library_profile
from retrieval.errors import LibraryError
from retrieval.kinds import KINDS, space_among
from retrieval.protocols import Encoder, Profile
from retrieval.settings import LIMITS

if TYPE_CHECKING:
    from retrieval.catalog.engine import Engine


def indexing_encoders(profile: Profile) -> dict[Place, Encoder]:
    """The encoder of each space and modality that the kinds of segments need and the profile has."""
    texts_first = sorted(KINDS.values(), key=lambda kind: kind.modality != "text")
    needed = dict.fromkeys((space_among(kind, profile.spaces), kind.modality) for kind in texts_first)
    return {
        (space, modality): profile.encoder(space, modality)
        for space, modality in needed
        if space in profile.spaces and (modality == "text" or modality in profile.modalities(space))
    }


def least_region_side(profile: Profile | str | None, name: str, spaces: Sequence[Space]) -> int:
    """The shorter side (pixels) from which on pictures have regions by a profile, or by that of the library."""
    from retrieval.media.image.tiles import least_side

    made = library_profile(name, spaces) if profile is None or isinstance(profile, str) else profile
    encoder = indexing_encoders(made).get(("shared", "image"))
    return least_side(encoder.form) if encoder is not None and isinstance(encoder.form, ImageSpec) else LIMITS.pixels


def refuse_other_weights(engine: Engine, profile: Profile) -> None:
    """A space of two weights would be two halves of a library, of which questions see one.

    Raises: LibraryError.
    """
    with engine.connect() as connection:
        held = catalog_read.live_spaces(connection)
    for wanted in {encoder.space for encoder in indexing_encoders(profile).values()}:
        for other in held:
            if other.name == wanted.name and other != wanted:
                was, now = (f"{each.encoder} {each.revision}" for each in (other, wanted))
                hint = f"crossmedia rebuild --profile {profile.name} encodes it anew"
                raise LibraryError(f"the library was encoded by {was}, and here is {now}", hint)
