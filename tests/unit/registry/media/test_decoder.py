from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from registry.errors import (
    DecoderFailedError,
    MediaDecodeError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from registry.media import Decoder, MediaLimits
from tests.media_samples import png_bomb, save, textured
from tests.unit.registry.media.hostile_decoder import HostileDecoder


def _file(tmp_path: Path, data: bytes, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_an_empty_file_is_unsupported_and_named(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="empty"):
        decoder.decode(_file(tmp_path, b""))


def test_text_is_unsupported_and_named(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="text"):
        decoder.decode(_file(tmp_path, b"just some words, no picture\n", "photo.jpg"))


def test_an_archive_renamed_to_jpg_is_unsupported_and_named(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(UnsupportedMediaError, match="zip"):
        decoder.decode(path)


def test_markup_is_unsupported_and_named(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="markup"):
        decoder.decode(_file(tmp_path, b"<svg xmlns='http://www.w3.org/2000/svg'/>"))


def test_a_file_over_the_byte_limit_never_reaches_a_child(tmp_path: Path) -> None:
    with (
        Decoder(MediaLimits(max_upload_bytes=100)) as small,
        pytest.raises(MediaTooLargeError) as caught,
    ):
        small.decode(_file(tmp_path, b"x" * 101))
    assert (caught.value.limit_name, caught.value.limit, caught.value.value) == ("max_upload_bytes", 100, 101)


def test_a_stream_over_the_byte_limit_is_not_read_to_its_end() -> None:
    source = io.BytesIO(b"x" * 1_000_000)
    with Decoder(MediaLimits(max_upload_bytes=1000)) as small, pytest.raises(MediaTooLargeError):
        small.decode(source)
    assert source.tell() == 1001


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded(decoder: Decoder, tmp_path: Path) -> None:
    bomb = png_bomb(30_000, 30_000)
    assert len(bomb) < 200_000
    with pytest.raises(MediaTooLargeError) as caught:
        decoder.decode(_file(tmp_path, bomb))
    assert caught.value.limit_name == "max_pixels"
    assert caught.value.value == 30_000 * 30_000


def test_a_path_that_does_not_exist_is_the_callers_error(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decoder.decode(tmp_path / "missing")


def test_a_directory_and_a_pipe_are_unsupported(decoder: Decoder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UnsupportedMediaError, match="not a regular file"):
            decoder.decode(path)


def test_an_open_pipe_is_read_to_its_end(decoder: Decoder) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        os.write(writing, b"words, no picture")
        os.close(writing)
        with pytest.raises(UnsupportedMediaError, match="text"):
            decoder.decode(stream)


def test_an_open_file_is_read_from_its_start_and_keeps_its_position(decoder: Decoder, tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", textured(1))
    with path.open("rb") as stream:
        stream.seek(7)
        media = decoder.decode(stream)
        assert stream.tell() == 7
    np.testing.assert_array_equal(media.frames[0].rgb, textured(1))


def test_bytes_in_memory_decode_as_the_file_does(decoder: Decoder, tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", textured(1))
    media = decoder.decode(io.BytesIO(path.read_bytes()))
    np.testing.assert_array_equal(media.frames[0].rgb, decoder.decode(path).frames[0].rgb)


def test_frames_cannot_be_written(decoder: Decoder, tmp_path: Path) -> None:
    frame = decoder.decode(save(tmp_path / "a.png", textured(1))).frames[0]
    with pytest.raises(ValueError, match="read-only"):
        frame.rgb[0, 0, 0] = 1


def test_threads_share_a_decoder(decoder: Decoder, tmp_path: Path) -> None:
    pictures = [textured(seed, 60, 80) for seed in range(8)]
    paths = [save(tmp_path / f"{seed}.png", rgb) for seed, rgb in enumerate(pictures)]
    with ThreadPoolExecutor(8) as pool:
        for media, rgb in zip(pool.map(decoder.decode, paths * 3), pictures * 3, strict=True):
            np.testing.assert_array_equal(media.frames[0].rgb, rgb)


def test_a_closed_decoder_says_so(tmp_path: Path) -> None:
    with Decoder() as closed:
        pass
    closed.close()
    with pytest.raises(DecoderFailedError, match="closed"):
        closed.decode(save(tmp_path / "a.png", textured(1)))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("hang", "killed after wall_s = 1 s"),
        ("segfault", "exit code -11"),
        ("exit", "exit code 7"),
        ("memory", "more than 1073741824 bytes of memory"),
        ("bug", "RuntimeError: planted"),
        ("lie", "gave .* bytes, expected"),
        ("claim an overlap below zero", "gave 0 bytes"),
        ("claim no frame", "does not hold together"),
    ],
)
def test_whatever_a_child_does_the_next_file_is_served(
    hostile_decoder: Decoder, tmp_path: Path, word: str, message: str
) -> None:
    with pytest.raises(DecoderFailedError, match=message):
        hostile_decoder.decode(_file(tmp_path, word.encode()))
    with pytest.raises(MediaDecodeError, match="served"):
        hostile_decoder.decode(_file(tmp_path, b"good"))


@pytest.mark.slow
def test_a_child_that_spins_is_stopped_by_its_cpu_limit(tmp_path: Path) -> None:
    with (
        HostileDecoder(MediaLimits(cpu_s=1, wall_s=20)) as decoder,
        pytest.raises(DecoderFailedError, match=f"exit code -{int(signal.SIGKILL)}"),
    ):
        decoder.decode(_file(tmp_path, b"spin"))


def test_a_child_cannot_write_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with HostileDecoder() as decoder, pytest.raises(DecoderFailedError, match="File too large"):
        decoder.decode(_file(tmp_path, b"write"))
    assert (tmp_path / "written-by-the-child").stat().st_size == 0


def test_a_child_holds_its_own_four_descriptors_only(hostile_decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(MediaDecodeError) as caught:
        hostile_decoder.decode(_file(tmp_path, b"descriptors"))
    # standard streams, file, output, reply socket and the directory being listed
    assert len(str(caught.value).split(",")) == 7


def test_no_variable_of_the_parent_reaches_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_KEY_PASSWORD_FILE", "secret")
    with HostileDecoder() as decoder, pytest.raises(MediaDecodeError) as caught:
        decoder.decode(_file(tmp_path, b"environment"))
    ours = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "PYTHONPATH", "PYTHONUTF8"}
    added = {"LC_CTYPE", "LD_LIBRARY_PATH"}  # by Python and by OpenCV's loader, in the server itself
    assert ours <= set(str(caught.value).split(",")) <= ours | added


def test_a_dead_server_is_started_again(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", textured(1))
    with Decoder() as decoder:
        decoder.decode(path)
        server = _server_of(decoder)
        server.kill()
        np.testing.assert_array_equal(decoder.decode(path).frames[0].rgb, textured(1))
        assert _server_of(decoder).pid != server.pid


def test_a_server_that_dies_twice_over_one_file_is_an_error_and_leaves_no_child(tmp_path: Path) -> None:
    with HostileDecoder() as decoder:
        with pytest.raises(DecoderFailedError, match="died twice"):
            decoder.decode(_file(tmp_path, b"kill the server"))
        with pytest.raises(MediaDecodeError, match="served"):
            decoder.decode(_file(tmp_path, b"good"))


def test_closing_ends_the_server_and_a_child_that_hangs(tmp_path: Path) -> None:
    decoder = HostileDecoder(MediaLimits(wall_s=60))
    server = _server_of(decoder)
    failures: list[Exception] = []

    def decode() -> None:
        try:
            decoder.decode(_file(tmp_path, b"hang"))
        except DecoderFailedError as exc:
            failures.append(exc)

    thread = threading.Thread(target=decode)
    thread.start()
    while not (children := _children(server.pid)):
        threading.Event().wait(0.005)
    decoder.close()
    thread.join(10)
    assert failures
    assert server.returncode is not None
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_the_server_ends_when_its_parent_is_killed() -> None:
    program = "import os, signal; from registry.media import Decoder; d = Decoder()\n" \
        "print(d._server[0].pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"  # fmt: skip
    root = Path(__file__).parents[4]
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    server_gone = os.pidfd_open(int(ended.stdout)) if Path(f"/proc/{ended.stdout.strip()}").exists() else None
    if server_gone is not None:
        assert select.select([server_gone], [], [], 10)[0]
        os.close(server_gone)


def test_the_parent_does_not_grow_with_the_number_of_files(decoder: Decoder, tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", textured(3, 720, 1280))
    for _ in range(3):
        decoder.decode(path)
    before, descriptors = _resident_bytes(), _descriptors()
    for _ in range(20):
        decoder.decode(path)
    assert _descriptors() == descriptors
    assert _resident_bytes() - before < 8 << 20  # one picture is 2.8 MB, twenty would be 55 MB


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _server_of(decoder: Decoder) -> subprocess.Popen[bytes]:
    assert decoder._server is not None
    return decoder._server[0]


def test_the_server_keeps_to_one_thread(decoder: Decoder, tmp_path: Path) -> None:
    decoder.decode(save(tmp_path / "a.png", textured(1)))
    assert len(list(Path(f"/proc/{_server_of(decoder).pid}/task").iterdir())) == 1
