"""The best library that works is used, and the operator learns why the others are not."""

from collections.abc import Callable

import pytest

from operator_console.audio.backends import choice
from operator_console.audio.backends.choice import choose, makers
from operator_console.audio.backends.names import Named, device_list, identities, index_of
from operator_console.audio.backends.port import Backend, Wish, rates_to_try
from operator_console.audio.messages import Direction
from operator_console.audio.options import AudioOptions
from operator_console.audio.problems import BackendError
from tests.fakes.sound_backend import FakeBackend

pytestmark = pytest.mark.unit

Maker = Callable[[AudioOptions], Backend]


def works(name: str) -> Maker:
    return lambda _options: FakeBackend("headset", name=name)


def empty(name: str) -> Maker:
    return lambda _options: FakeBackend(name=name)


def fails(code: str) -> Maker:
    def make(_options: AudioOptions) -> Backend:
        raise BackendError(code, "because")

    return make


def known(sounddevice: Maker, pyaudio: Maker, miniaudio: Maker) -> dict[str, Maker]:
    return {
        "sounddevice": sounddevice,
        "pyaudio": pyaudio,
        "miniaudio": miniaudio,
        "file": lambda _options: FakeBackend("file", name="file", file_audio=True),
        "null": works("null"),
    }


@pytest.fixture(autouse=True)
def nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "refusals", lambda: ())


def test_the_first_that_works_is_used_and_needs_no_remedy() -> None:
    chosen = choose(AudioOptions(), known(works("sounddevice"), works("pyaudio"), works("miniaudio")))
    assert chosen.backend.name == "sounddevice"
    assert chosen.remedy == ""
    assert [(link.name, link.used) for link in chosen.tried] == [("sounddevice", True)]


def test_without_portaudio_miniaudio_is_used_and_the_line_that_brings_portaudio_is_told() -> None:
    chosen = choose(AudioOptions(), known(fails("no_portaudio"), fails("not_installed"), works("miniaudio")))
    assert chosen.backend.name == "miniaudio"
    assert "apt-get install -y libportaudio2" in chosen.remedy
    assert [link.reason for link in chosen.tried] == ["no_portaudio: because", "not_installed: because", ""]


def test_a_library_without_devices_falls_through_to_files_with_the_reason_kept() -> None:
    chosen = choose(AudioOptions(), known(empty("sounddevice"), fails("not_installed"), empty("miniaudio")))
    assert chosen.backend.name == "file"
    assert chosen.backend.file_audio
    assert chosen.tried[0].reason.startswith("no_device")
    assert "headset" in chosen.remedy


def test_a_refused_sound_card_is_named_as_what_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "refusals", lambda: ("/dev/snd/pcmC0D0c",))
    chosen = choose(AudioOptions(), known(empty("sounddevice"), fails("not_installed"), fails("no_device")))
    assert "usermod" in chosen.remedy


def test_a_library_that_was_named_is_used_or_refused_but_not_replaced() -> None:
    table = known(fails("no_portaudio"), works("pyaudio"), works("miniaudio"))
    assert choose(AudioOptions(backend="miniaudio"), table).backend.name == "miniaudio"
    with pytest.raises(BackendError):
        choose(AudioOptions(backend="sounddevice"), table)


def test_silence_is_never_chosen_by_itself() -> None:
    table = known(empty("sounddevice"), empty("pyaudio"), empty("miniaudio"))
    del table["file"]
    with pytest.raises(BackendError):
        choose(AudioOptions(), table)


def test_the_shipped_order_is_the_documented_one() -> None:
    assert list(makers()) == ["sounddevice", "pyaudio", "miniaudio", "file", "null"]


def test_devices_of_one_name_have_ids_of_their_own_that_do_not_depend_on_their_number() -> None:
    one = Named("USB", "ALSA", 1, 0, 48_000)
    two = Named("USB", "ALSA", 0, 2, 48_000)
    other = Named("HDMI", "ALSA", 0, 2, 48_000)
    assert identities([one, two]) == ["ALSA/USB", "ALSA/USB#2"]
    assert index_of([other, one, two], "ALSA/USB#2", Direction.SPEAKER, -1) == 2
    assert index_of([other, one], "", Direction.MICROPHONE, 1) == 1
    assert [device.default_microphone for device in device_list([other, one], 1, 0)] == [False, True]


@pytest.mark.parametrize(("device_id", "direction"), [("", Direction.SPEAKER), ("ALSA/USB", Direction.SPEAKER)])
def test_a_device_that_is_not_there_or_goes_the_other_way_is_no_device(device_id: str, direction: Direction) -> None:
    with pytest.raises(BackendError) as refusal:
        index_of([Named("USB", "ALSA", 1, 0, 48_000)], device_id, direction, -1)
    assert refusal.value.code == "no_device"


def test_the_legs_rate_is_tried_first_and_a_demanded_rate_alone() -> None:
    assert rates_to_try(Wish(), 44_100) == (16_000, 44_100, 48_000)
    assert rates_to_try(Wish(), 48_000) == (16_000, 48_000)
    assert rates_to_try(Wish(device_rate=8_000), 44_100) == (8_000,)
