"""The catalog's tables. Migrations of older catalogs live in alembic/; a new one is created here and stamped.

Paths are stored relative to their source, as the bytes the operating system gave (they need not be UTF-8).
The full-text tables are each database's own: see dialect/.
Vectors are float16, little endian, unit length. Vector and segment ids are never used twice.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0008"  # the newest revision under alembic/versions
READ_FROM = "0004"  # the oldest one that questions are answered from, by OLDER
_NEVER_PAIRED = "CREATE TEMP VIEW assets AS SELECT *, NULL AS pair, NULL AS places FROM main.assets"
_NOTHING_FORGOTTEN = "CREATE TEMP VIEW forgotten AS SELECT NULL AS path, NULL AS forgotten_at WHERE 0"
OLDER = {  # revision -> what makes its tables look like those below, on one connection and for it alone
    "0004": (
        _NEVER_PAIRED.replace("*", "*, taken_at AS date, NULL AS date_from"),
        _NOTHING_FORGOTTEN,
    ),
    "0005": (_NEVER_PAIRED, _NOTHING_FORGOTTEN),
    "0006": (_NEVER_PAIRED,),  # its words were folded otherwise: the fact `words`
    "0007": (_NEVER_PAIRED,),
}

Whole = Integer().with_variant(BigInteger(), "postgresql")  # 64 bits on both: SQLite's own ids are called INTEGER

metadata = MetaData(
    naming_convention={  # SQLite alters by copy, so every constraint needs a name
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _belongs_to(table: str, *, index: bool = True, nullable: bool = False) -> Column[int]:
    """`<table>_id`, deleted with its owner."""
    name = table.removesuffix("s") + "_id"
    return Column(name, Whole, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=nullable, index=index)


library = Table(  # one row for each fact about the library itself: profile, created_at, ...
    "library",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("root", LargeBinary, nullable=False, unique=True),
    Column("device", Whole),  # st_dev when last seen; another one means: not mounted
    Column("include", Text, nullable=False, default=""),  # glob patterns, one a line
    Column("exclude", Text, nullable=False, default=""),
    Column("added_at", Text, nullable=False),
    Column("scanned_at", Text),
    Column("offline", Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,
)

assets = Table(
    "assets",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),  # BLAKE2b-256 of the bytes
    Column("medium", Text, nullable=False, index=True),
    Column("format", Text, nullable=False, default=""),
    Column("bytes", Whole, nullable=False),
    Column("width", Whole),
    Column("height", Whole),
    Column("duration_ms", Whole),
    Column("pages", Whole),
    Column("date", Text, index=True),  # local; from what says date_from, as domain.media.DateFrom has it
    Column("camera", Text),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("lang", Text),
    Column("title", Text),
    Column("artist", Text),
    Column("keywords", Text, nullable=False, default=""),  # one a line
    Column("has_sound", Boolean, nullable=False, default=False),
    Column("has_pictures", Boolean, nullable=False, default=False),
    Column("has_subtitles", Boolean, nullable=False, default=False),
    Column("sidecar", LargeBinary),  # digest of the sidecar subtitles that were read
    Column("date_from", Text),  # empty where an older program read the file
    Column("pair", Text),  # identifier that the still and the film of a Live Photo share
    Column("places", Text),  # where it was taken: a line for people, then folded names with fold.BARRIER round each
    sqlite_autoincrement=True,
)

paths = Table(  # where assets, and files that are no assets, were seen
    "paths",
    metadata,
    Column("id", Whole, primary_key=True),
    _belongs_to("sources"),
    Column("relative", LargeBinary, nullable=False),
    Column("asset_id", Whole, ForeignKey("assets.id", ondelete="SET NULL"), index=True),
    Column("bytes", Whole, nullable=False),
    Column("mtime_ns", Whole, nullable=False),
    Column("ctime_ns", Whole, nullable=False),
    Column("inode", Whole, nullable=False),
    Column("skip_reason", Text),  # set where no asset could be made of the file
    Column("skip_detail", Text),
    UniqueConstraint("source_id", "relative"),
)

forgotten = Table(  # files and folders that no run reads again, whatever sources there are
    "forgotten",
    metadata,
    Column("path", LargeBinary, primary_key=True),  # absolute
    Column("forgotten_at", Text, nullable=False),
)

steps = Table(  # one row for each asset and step that it needs
    "steps",
    metadata,
    Column("asset_id", Whole, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("state", Text, nullable=False),  # pending, done, failed
    Column("reason", Text),  # why it failed: a Skip
    Column("detail", Text),
    Column("revision", Text),  # of the transcriber
    Index("ix_steps_state", "state", "step"),
)

segments = Table(
    "segments",
    metadata,
    Column("id", Whole, primary_key=True),
    _belongs_to("assets"),
    Column("step", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # the public id: content hash, kind and span
    Column("kind", Text, nullable=False),
    Column("start_ms", Whole),
    Column("end_ms", Whole),
    Column("start_char", Whole),
    Column("end_char", Whole),
    Column("page", Whole),
    Column("text", Text),
    Column("lang", Text),
    Column("box", Text),  # left, top, right, bottom in ten-thousandths of the picture: "120,80,4000,400"
    sqlite_autoincrement=True,
)

spaces = Table(
    "spaces",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("name", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("dimension", Whole, nullable=False),
    Column("live", Boolean, nullable=False, default=True),  # asked by searches; a space being filled is not
    # The pointer row: the generation that readers pin. No foreign key, as generations point at spaces.
    Column("generation_id", Whole),
    UniqueConstraint("name", "encoder", "revision"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("id", Whole, primary_key=True),
    _belongs_to("spaces", index=False),
    _belongs_to("segments"),
    Column("at_ms", Whole),  # the frame under a shot or animation
    Column("data", LargeBinary, nullable=False),
    # See `commits`; the default is that of vectors from before there were numbers, a writer always gives one.
    Column("commit_number", Whole, nullable=False, server_default="1"),
    Index("ix_vectors_space_id_commit_number", "space_id", "commit_number"),
    sqlite_autoincrement=True,
)

# One row, locked by the transaction that takes a number until it commits: whoever sees `last` sees all vectors up to it.
# Ids do not say that, as a database may hand out a smaller one to a transaction that commits later.
commits = Table(
    "commits",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("last", Whole, nullable=False),  # the greatest commit number that vectors were given
)

imprints = Table(  # how pictures look and sounds sound, whatever the model: see retrieval/media/fingerprint.py
    "imprints",
    metadata,
    Column("id", Whole, primary_key=True),
    _belongs_to("segments"),
    Column("at_ms", Whole),  # the frame under a shot or animation, the beginning of a sound
    Column("data", LargeBinary, nullable=False),
)

deleted_vectors = Table(  # rows of published generations that must not be found any more
    "deleted_vectors",
    metadata,
    Column("space_id", Whole, primary_key=True),
    Column("id", Whole, primary_key=True),
)

generations = Table(
    "generations",
    metadata,
    Column("id", Whole, primary_key=True),
    _belongs_to("spaces"),
    Column("folder", Text, nullable=False),
    Column("last_commit", Whole, nullable=False),  # vectors with greater commit numbers are fresh
    Column("rows", Whole, nullable=False),
    Column("created_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("command", Text, nullable=False),
    Column("indexed", Whole, nullable=False, default=0),
    Column("skipped", Whole, nullable=False, default=0),
)
