"""Upload of a memory image to a device, and the proof that it has arrived."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sterna.spec import Hardware, Image, MismatchError
from sterna.spec.layout import Space, word_bytes
from sterna.spec.link import ACCESS, MAX_PAYLOAD, Register

from .session import Session

#: Told as an upload goes on: words done, words in all.
Progress = Callable[[int, int], None]
#: Parts that are written before the first of them is back: more than the device's rings hold.
AHEAD = 8


@dataclass(frozen=True)
class _Part:
    """Words of a space, from an address on; together with the request to read them, one frame."""

    space: Space
    address: int
    words: list[int]


def upload(session: Session, image: Image, *, verify: bool, progress: Progress | None) -> None:
    """Write every space of the image; with `verify`, read it all back.

    What was written comes back while more goes out, since the link carries as much each way. The
    first part of each space is read once more at the end: where a line of an address is stuck or
    missing, a later part has landed on it.

    No core is in use afterwards, so that a partly loaded image never runs. Raises
    MismatchError for the first word that reads back otherwise.
    """
    session.write_words(Space.REGISTER, Register.USED_CONTEXTS, [0])
    parts = list(_parts(image, session.info.hardware))
    total = sum(len(part.words) for part in parts) * (2 if verify else 1)
    done = 0

    def count(part: _Part) -> None:
        nonlocal done
        done += len(part.words)
        if progress:
            progress(done, total)

    with session.operation():
        asked: deque[_Part] = deque()
        for part in parts:
            session.store(part.space, part.address, part.words)
            count(part)
            if verify:
                session.ask(part.space, part.address, len(part.words))
                asked.append(part)
                if len(asked) > AHEAD:
                    _compare(session, asked[0])
                    count(asked.popleft())
        for part in asked:
            _compare(session, part)
            count(part)
        for part in parts if verify else ():
            if part.address == 0:
                session.ask(part.space, part.address, len(part.words))
                _compare(session, part)


def _parts(image: Image, hardware: Hardware) -> Iterator[_Part]:
    for space, words in image.words.items():
        step = max(1, (MAX_PAYLOAD - 2 * ACCESS.size) // word_bytes(space, hardware))
        for at in range(0, len(words), step):
            yield _Part(space, at, words[at : at + step])


def _compare(session: Session, part: _Part) -> None:
    seen = session.answer(part.space, part.address, len(part.words))
    for offset, (want, got) in enumerate(zip(part.words, seen, strict=True)):
        if want != got:
            raise MismatchError(
                f"{session.name}: {part.space.name} word {part.address + offset} was written "
                f"{want:#x} and reads back {got:#x}: the memory is faulty, or the build is"
            )
