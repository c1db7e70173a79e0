"""Upload of a memory image to a device, and the proof that it has arrived."""

from collections.abc import Callable

from sterna.spec import Image, MismatchError
from sterna.spec.layout import Space
from sterna.spec.link import Register

from .messages import WORDS
from .session import Session

#: Told as an upload goes on: words done, words in all.
Progress = Callable[[int, int], None]


def upload(session: Session, image: Image, *, verify: bool, progress: Progress | None) -> None:
    """Write every space of the image; with `verify`, read it all back.

    No core is in use afterwards, lest a half image ever run. Raises MismatchError for the first
    word that reads back otherwise.
    """
    session.write_words(Space.REGISTER, Register.USED_CONTEXTS, [0])
    total = sum(len(words) for words in image.words.values()) * (2 if verify else 1)
    done = 0
    for verb in ("write", "read")[: 1 + verify]:
        for space, words in image.words.items():
            for at in range(0, len(words), WORDS):
                part = words[at : at + WORDS]
                if verb == "write":
                    session.write_words(space, at, part)
                else:
                    _compare(session, space, at, part)
                done += len(part)
                if progress:
                    progress(done, total)


def _compare(session: Session, space: Space, at: int, words: list[int]) -> None:
    seen = session.read_words(space, at, len(words))
    for offset, (want, got) in enumerate(zip(words, seen, strict=True)):
        if want != got:
            raise MismatchError(
                f"{session.name}: {space.name} word {at + offset} was written {want:#x} and reads "
                f"back {got:#x}: the memory is faulty, or the build is"
            )
