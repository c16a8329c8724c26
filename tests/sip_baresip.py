"""Be a telephone in tests with Debian's baresip: an old release, by its own makers, with its own audio and crypto."""

import asyncio
import wave
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path
from typing import Self

from tests.media_clients import tone
from tests.sip_audio import RATE

MODULES = Path("/usr/lib/baresip/modules")
SECONDS = 90


class Baresip:
    """One telephone: it says a tone, and writes down what it hears."""

    def __init__(self, folder: Path, process: Process) -> None:
        self.folder, self._process = folder, process
        self.said = bytearray()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def run(
        cls, folder: Path, port: int, *, hertz: float = 440.0, transport: str = "udp", account: str = "",
        dial: str = "", cafile: str = "", certificate: str = "", user: str = "ada", domain: str = "127.0.0.1",
    ) -> Self:  # fmt: skip
        """Start one that listens on `port`; `account` are more parameters, `dial` is whom it calls at once."""
        folder.mkdir()
        with wave.open(str(folder / "voice.wav"), "wb") as voice:
            voice.setnchannels(1)
            voice.setsampwidth(2)
            voice.setframerate(RATE)
            voice.writeframes(b"".join(tone(hertz, RATE, number) for number in range(50 * SECONDS)))
        files = "".join(
            f"{key} {value}\n" for key, value in (("sip_cafile", cafile), ("sip_certificate", certificate)) if value
        )
        (folder / "config").write_text(
            f"sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n{files}"
            f"audio_source aufile,{folder}/voice.wav\naudio_player aubridge,ear\naudio_alert aubridge,bell\n"
            f"audio_srate {RATE}\naudio_channels 1\nsnd_path {folder}\nmodule_path {MODULES}\n"
            + "".join(f"module {one}.so\n" for one in ("g711", "aufile", "aubridge", "sndfile", "srtp"))
            + "module_app account.so\nmodule_app menu.so\n"
        )
        (folder / "accounts").write_text(
            f"<sip:{user}@{domain};transport={transport}>;regint=0;audio_codecs=PCMU/8000/1;{account}\n"
        )
        (folder / "contacts").write_text("")
        calls = ("-e", f"/dial {dial}") if dial else ()
        process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(folder), "-v", *calls, stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        return cls(folder, process)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(4096):
            self.said += chunk

    @property
    def log(self) -> str:
        """What it has said on its terminal."""
        return self.said.decode(errors="replace")

    @property
    def heard(self) -> bytes:
        """What it has heard in its last call, PCM16 at 8 kHz; complete once the call is over."""
        files = sorted(self.folder.glob("dump-*-dec.wav"))
        if not files:
            return b""
        raw = files[-1].read_bytes()
        return raw[44 : len(raw) - len(raw) % 2]

    async def stop(self) -> None:
        """End it: its call is hung up."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading
