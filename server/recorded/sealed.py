"""Read and write a sealed recording: PCM in chunks of AES-256-GCM, under a key of its own that a key of ours wraps.

A file is 512 bytes of header, then chunks: the length of what follows (4 bytes, big-endian), a random nonce (12), and
the sealed PCM with its tag. Each chunk is bound to its file and its place, so none can be moved, left out or taken from
another file unseen. An empty chunk ends a recording that was closed. To rotate, only the header is written anew. What a
crash left half written at the end is dropped; the rest is readable. NIST SP 800-38D bounds random nonces to 2^32 for a
key: a recording has at most 61,000 chunks.
"""

import base64
import errno
import json
import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.recorded.keys import KEY_BYTES, Keys

MAGIC: Final = b"OPREC\x001\n"
HEADER_BYTES: Final = 512
SUFFIX: Final = ".wav.sealed"
MOST_PCM_BYTES: Final = 2_000_000_000
"""The longest recording; a WAV cannot hold twice as much."""
MOST_CHUNK_BYTES: Final = 32 * 1024 * 1024
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_LENGTH: Final = struct.Struct(">I")
_INDEX: Final = struct.Struct(">Q")
_OVERHEAD: Final = _LENGTH.size + _NONCE_BYTES + _TAG_BYTES


class SealedError(ValueError):
    """A sealed recording cannot be read; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front: under which key, which file, which sound."""

    key: str
    wrapped: bytes
    file: bytes
    rate: int
    channels: int

    def packed(self) -> bytes:
        """Return it as it is written."""
        body = json.dumps(
            {
                "key": self.key,
                "wrapped": base64.b64encode(self.wrapped).decode(),
                "file": self.file.hex(),
                "rate": self.rate,
                "channels": self.channels,
            }
        ).encode()
        return (MAGIC + struct.pack(">H", len(body)) + body).ljust(HEADER_BYTES, b"\0")

    @property
    def bound(self) -> bytes:
        """What the wrapped key is bound to."""
        return MAGIC + self.file + struct.pack(">II", self.rate, self.channels)


def read_header(raw: bytes) -> Header:
    """Return the header in the first bytes of a file.

    Raises:
        SealedError: It is none.
    """
    try:
        if len(raw) < HEADER_BYTES or raw[: len(MAGIC)] != MAGIC:
            raise SealedError("It is no sealed recording, or only the beginning of one.")
        (length,) = struct.unpack_from(">H", raw, len(MAGIC))
        body = cast("dict[str, object]", json.loads(raw[len(MAGIC) + 2 : len(MAGIC) + 2 + length]))
        rate, channels = int(str(body["rate"])), int(str(body["channels"]))
        header = Header(
            key=str(body["key"]),
            wrapped=base64.b64decode(str(body["wrapped"]), validate=True),
            file=bytes.fromhex(str(body["file"])),
            rate=rate,
            channels=channels,
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, SealedError):
            raise
        raise SealedError("The head of this recording is damaged.") from error
    if not 1 <= channels <= 2 or not 1_000 <= rate <= 192_000:
        raise SealedError("The head of this recording is damaged.")
    return header


def new_header(keys: Keys, rate: int, channels: int) -> tuple[Header, bytes]:
    """Return the header of a new recording, and the key of its chunks."""
    data_key = secrets.token_bytes(KEY_BYTES)
    draft = Header(keys.current, b"", secrets.token_bytes(16), rate, channels)
    return _wrapped(draft, keys, data_key), data_key


def data_key(header: Header, keys: Keys) -> bytes:
    """Return the key of the chunks.

    Raises:
        SealedError: The key that wraps it is not there, or another one has its id.
    """
    key = keys.known.get(header.key)
    if key is None:
        known = ", ".join(sorted(keys.known))
        raise SealedError(
            f"It is sealed with the key {header.key}, which is not among the recordings' keys ({known}). "
            "Put that key's line back into their file."
        )
    try:
        return AESGCM(key).decrypt(header.wrapped[:_NONCE_BYTES], header.wrapped[_NONCE_BYTES:], header.bound)
    except InvalidTag as error:
        raise SealedError(
            f"The key {header.key} is not the one that it was sealed with, or its head was changed. "
            "Put the right key back, or a copy of the file."
        ) from error


def _wrapped(header: Header, keys: Keys, data: bytes) -> Header:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(keys.known[keys.current]).encrypt(nonce, data, header.bound)
    return Header(keys.current, nonce + sealed, header.file, header.rate, header.channels)


def rewrap(path: Path, keys: Keys) -> bool:
    """Wrap the key of a recording with the current key; False when it is already.

    Raises:
        SealedError: It cannot be read with the keys there are.
        OSError: The disk refused.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        header = read_header(os.pread(descriptor, HEADER_BYTES, 0))
        data = data_key(header, keys)
        if header.key == keys.current:
            return False
        os.pwrite(descriptor, _wrapped(header, keys, data).packed(), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where a chunk lies in the file and in the PCM."""

    offset: int
    sealed: int
    start: int

    @property
    def pcm_bytes(self) -> int:
        """How much PCM it holds."""
        return self.sealed - _TAG_BYTES


@dataclass(frozen=True, slots=True)
class Layout:
    """The chunks of a file, where the next one goes, and whether the recording was closed."""

    chunks: tuple[Chunk, ...]
    end: int
    pcm_bytes: int
    closed: bool
    torn_bytes: int
    """What lies after the last whole chunk."""


def layout(descriptor: int) -> Layout:
    """Find the chunks of an open file; a part of one at the end is left out."""
    size = os.fstat(descriptor).st_size
    at, start, closed = HEADER_BYTES, 0, False
    found: list[Chunk] = []
    while at + _OVERHEAD <= size:
        (length,) = _LENGTH.unpack(os.pread(descriptor, _LENGTH.size, at))
        after = at + _LENGTH.size + _NONCE_BYTES + length
        if not _TAG_BYTES <= length <= MOST_CHUNK_BYTES or after > size:
            break
        if length == _TAG_BYTES:
            closed = True
            break
        found.append(Chunk(at, length, start))
        start += length - _TAG_BYTES
        at = after
    torn = 0 if closed else size - at
    return Layout(tuple(found), at, start, closed, torn)


class Opener:
    """Unseals chunks of one open file."""

    def __init__(self, descriptor: int, header: Header, key: bytes) -> None:
        """Read from `descriptor`, with the key of its chunks."""
        self._descriptor: Final = descriptor
        self._file: Final = header.file
        self._cipher: Final = AESGCM(key)

    def pcm(self, chunk: Chunk, number: int) -> bytes:
        """Return the PCM of the `number`-th chunk.

        Raises:
            SealedError: It was changed, or is not of this file or place.
        """
        raw = os.pread(self._descriptor, _NONCE_BYTES + chunk.sealed, chunk.offset + _LENGTH.size)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._file + _INDEX.pack(number))
        except InvalidTag as error:
            raise SealedError(f"Its part {number + 1} was changed or damaged. Restore the file from a copy.") from error


class SealedFile:
    """A sealed recording that is written: it grows by whole chunks, and one that exists is gone on with."""

    def __init__(self, path: Path, rate: int, channels: int, keys: Keys) -> None:
        """Make it, mode 600, or go on with it.

        Raises:
            OSError: It cannot be opened.
            ValueError: What is there is no recording of this rate, or of no key of ours.
        """
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(self._descriptor, 0o600)
            if os.fstat(self._descriptor).st_size < HEADER_BYTES:
                os.ftruncate(self._descriptor, 0)
                header, key = new_header(keys, rate, channels)
                os.pwrite(self._descriptor, header.packed(), 0)
            else:
                header = read_header(os.pread(self._descriptor, HEADER_BYTES, 0))
                key = data_key(header, keys)
                if (header.rate, header.channels) != (rate, channels):
                    raise SealedError("what is there is another kind of recording")
            there = layout(self._descriptor)
            os.ftruncate(self._descriptor, there.end)
        except (OSError, ValueError):
            os.close(self._descriptor)
            raise
        self._file: Final = header.file
        self._cipher: Final = AESGCM(key)
        self._end = there.end
        self._number = len(there.chunks)
        self._length = there.pcm_bytes

    def append(self, pcm: bytes) -> None:
        """Add sound to the end; what could only be written in part is taken away again.

        Raises:
            OSError: The disk is full, or the file has reached its limit.
        """
        if not pcm:
            return
        if self._length + len(pcm) > MOST_PCM_BYTES:
            raise OSError(errno.EFBIG, "the recording has reached its limit")
        self._put(pcm)
        self._number += 1
        self._length += len(pcm)

    def close(self) -> None:
        """Say that it is whole, and let go of the file."""
        try:
            self._put(b"")
        except OSError:
            pass  # it stays readable, as one that was not closed
        finally:
            os.close(self._descriptor)

    def _put(self, pcm: bytes) -> None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, pcm, self._file + _INDEX.pack(self._number))
        raw = _LENGTH.pack(len(sealed)) + nonce + sealed
        done = 0
        try:
            while done < len(raw):
                done += os.pwrite(self._descriptor, raw[done:], self._end + done)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        if pcm:
            self._end += done
