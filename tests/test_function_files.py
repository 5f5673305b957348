"""What functions read of the disk: nothing outside the scanned folder, nothing without end.

What they make of ordinary files is recorded from Terraform in tests/functions.
"""

import os
import socket
import subprocess

import pytest

from sovereign_guard.model.value import Reason, Sensitive, Unknown
from sovereign_guard.read.hcl.language.functions import files as files_module
from sovereign_guard.read.hcl.language.functions import glob, hashing, times
from sovereign_guard.read.hcl.language.functions.files import FUNCTIONS as FILE_FUNCTIONS
from sovereign_guard.read.hcl.language.functions.function import Files, call
from sovereign_guard.read.hcl.language.functions.hashing import FUNCTIONS as HASH_FUNCTIONS
from sovereign_guard.read.hcl.language.functions.network import FUNCTIONS as NETWORK_FUNCTIONS
from sovereign_guard.read.hcl.language.functions.times import FUNCTIONS as TIME_FUNCTIONS
from sovereign_guard.read.hcl.language.values import EvaluationError, LimitError, Set

FUNCTIONS = {
    function.name: function
    for function in (*FILE_FUNCTIONS, *HASH_FUNCTIONS, *NETWORK_FUNCTIONS, *TIME_FUNCTIONS)
}
READING = sorted(name for name, function in FUNCTIONS.items() if function.reads and name != "fileset")
OPENING = [name for name in READING if name != "fileexists"]
OUTSIDE = "outside what is scanned"
NO_FILES = "no files are read here"


@pytest.fixture
def place(tmp_path):
    """Return a folder `repository`, which is scanned, beside a file that is not."""
    (tmp_path / "repository" / "module" / "sub").mkdir(parents=True)
    (tmp_path / "repository" / "shared.txt").write_text("shared")
    (tmp_path / "repository" / "module" / "own.txt").write_text("own")
    (tmp_path / "repository" / "module" / "sub" / "below.txt").write_text("below")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "repository-too").mkdir()
    (tmp_path / "repository-too" / "secret.txt").write_text("secret")
    return tmp_path.resolve()


@pytest.fixture
def files(place):
    return Files(root=place / "repository", base=place / "repository" / "module")


def run(files, name, *arguments):
    return call(FUNCTIONS[name], arguments, files)


def link(place, name, target):
    (place / "repository" / "module" / name).symlink_to(target)


def assert_unknown(found, words):
    assert isinstance(found, Unknown), found
    assert found.reason is Reason.UNSUPPORTED
    assert words in found.detail


# Inside and outside.


def test_paths_count_from_the_base_and_reach_all_of_the_root(files, place):
    assert run(files, "file", "own.txt") == "own"
    assert run(files, "file", "sub/../sub/below.txt") == "below"
    assert run(files, "file", "../shared.txt") == "shared"
    assert run(files, "file", "../../repository/shared.txt") == "shared"
    assert run(files, "file", f"{place}/repository/shared.txt") == "shared"
    assert run(files, "file", f"/{place}/repository/module/../shared.txt") == "shared"
    assert run(files, "fileset", "..", "**/*.txt") == Set(
        ("module/own.txt", "module/sub/below.txt", "shared.txt")
    )
    assert run(files, "fileset", f"{place}/repository", "*") == Set(("shared.txt",))


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize(
    "path",
    [
        "../../secret.txt",
        "../../missing.txt",
        "../../missing/secret.txt",
        "../../repository-too/secret.txt",
        "sub/../../../secret.txt",
        "../..",
        "/etc/passwd",
        "/etc/passwd/missing",
        "/missing",
        "/",
        "/dev/zero",
        "/proc/self/environ",
    ],
)
def test_what_lies_outside_is_not_told(files, name, path):
    assert_unknown(run(files, name, path), OUTSIDE)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("../..", "*"),
        ("../..", "secret.txt"),
        ("../..", "missing.txt"),
        (".", "../../*.txt"),
        ("../../repository-too", "**"),
        ("/etc", "*"),
        ("/missing", "*"),
        ("/*", "passwd"),
        ("/", "**"),
        ("..", "../{secret,missing}.txt"),
    ],
)
def test_no_set_of_files_from_outside(files, path, pattern):
    assert_unknown(run(files, "fileset", path, pattern), OUTSIDE)


def test_a_base_outside_the_root_reads_nothing(place):
    files = Files(root=place / "repository" / "module", base=place / "repository")
    assert_unknown(run(files, "file", "shared.txt"), OUTSIDE)
    assert_unknown(run(files, "fileset", ".", "*"), OUTSIDE)
    assert run(files, "file", "module/own.txt") == "own"


def test_the_names_of_the_folders_above_are_no_patterns(tmp_path):
    root = tmp_path.resolve() / "a[b]{c,d}*"
    root.mkdir()
    (root / "x.txt").write_text("x")
    assert run(Files(root, root), "fileset", ".", "*") == Set(("x.txt",))
    assert run(Files(root, root), "file", "x.txt") == "x"


@pytest.mark.parametrize("name", READING)
def test_without_files_nothing_is_read(name):
    assert_unknown(run(None, name, "own.txt"), NO_FILES)
    assert_unknown(run(None, "fileset", ".", "*"), NO_FILES)


def test_what_stands_in_a_file_named_by_a_secret_is_secret(files):
    assert run(files, "file", Sensitive("own.txt")) == Sensitive("own")
    with pytest.raises(EvaluationError) as caught:
        run(files, "file", Sensitive("hush.txt"))
    assert "hush" not in str(caught.value)


# Symbolic links.


@pytest.mark.parametrize(
    ("target", "content"),
    [
        ("own.txt", "own"),
        ("sub/below.txt", "below"),
        ("../shared.txt", "shared"),
        ("sub/../../module/./own.txt", "own"),
        ("../../repository/shared.txt", "shared"),
    ],
)
def test_links_inside_are_followed(files, place, target, content):
    link(place, "link", target)
    link(place, "second", place / "repository" / "module" / "link")
    for name in ("link", "second"):
        assert run(files, "file", name) == content
        assert run(files, "fileexists", name) is True
    assert run(files, "fileset", ".", "*") == Set(("link", "own.txt", "second"))


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize(
    "target",
    [
        "../../secret.txt",
        "../../missing.txt",
        "/etc/passwd",
        "/missing",
        "../../repository-too/secret.txt",
        "../../repository-too/../repository/shared.txt",
    ],
)
def test_links_to_outside_are_not_followed(files, place, name, target):
    link(place, "link", target)
    assert_unknown(run(files, name, "link"), OUTSIDE)
    link(place, "second", "link")
    assert_unknown(run(files, name, "second"), OUTSIDE)


@pytest.mark.parametrize("pattern", ["*", "**", "link", "l*", "**/l*", "link/*", "*/**"])
def test_a_set_of_files_that_hangs_on_what_a_link_leads_to_is_not_told(files, place, pattern):
    link(place, "link", "../../repository-too")
    assert_unknown(run(files, "fileset", ".", pattern), OUTSIDE)
    assert run(files, "fileset", ".", "o*") == Set(("own.txt",))


def test_a_link_to_a_folder_inside_is_a_folder(files, place):
    link(place, "link", "sub")
    assert run(files, "file", "link/below.txt") == "below"
    # A path is shortened before a link in it is followed, as Terraform does.
    assert run(files, "file", "link/../own.txt") == "own"
    assert run(files, "fileset", ".", "link/*") == Set(("link/below.txt",))
    assert run(files, "fileset", ".", "**") == Set(("link/below.txt", "own.txt", "sub/below.txt"))


def test_a_link_to_nothing(files, place):
    link(place, "link", "missing.txt")
    assert run(files, "fileexists", "link") is False
    for name in OPENING:
        with pytest.raises(EvaluationError):
            run(files, name, "link")
    for pattern in ("*", "link", "**"):
        if pattern == "**":
            # Where `**` meets it, it is no folder and no file.
            assert run(files, "fileset", ".", pattern) == Set(("own.txt", "sub/below.txt"))
            continue
        with pytest.raises(EvaluationError):
            run(files, "fileset", ".", pattern)
    assert run(files, "fileset", ".", "o*") == Set(("own.txt",))


@pytest.mark.parametrize("name", READING)
def test_links_in_a_circle(files, place, name):
    link(place, "itself", "itself")
    link(place, "one", "other")
    link(place, "other", "one")
    link(place, "deeper", "deeper/deeper")
    for path in ("itself", "one", "itself/x", "deeper"):
        with pytest.raises(EvaluationError):
            run(files, name, path)
    with pytest.raises(EvaluationError):
        run(files, "fileset", ".", "*")
    assert run(files, "fileset", ".", "**") == Set(("own.txt", "sub/below.txt"))


def test_a_folder_that_holds_itself_is_gone_through_as_often_as_links_may_be_followed(files, place):
    (place / "repository" / "module" / "sub" / "again").symlink_to(".")
    found = run(files, "fileset", ".", "**/below.txt")
    assert found == Set("sub/" + "again/" * times + "below.txt" for times in range(40, -1, -1))


def test_folders_that_hold_one_another_have_no_end(files, place):
    for name in ("one", "other"):
        (place / "repository" / "module" / "sub" / name).symlink_to("..")
    assert_unknown(run(files, "fileset", ".", "**"), "more files")


# What is no ordinary file.


@pytest.mark.parametrize("name", OPENING)
def test_pipes_and_sockets_are_not_opened(files, place, name):
    module = place / "repository" / "module"
    os.mkfifo(module / "pipe")
    link(place, "link", "pipe")
    for path in ("pipe", "link"):
        assert_unknown(run(files, name, path), "regular file")


def test_pipes_are_no_files(files, place, monkeypatch):
    module = place / "repository" / "module"
    os.mkfifo(module / "pipe")
    monkeypatch.chdir(module)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket"):
            with pytest.raises(EvaluationError):
                run(files, "fileexists", name)
        assert run(files, "fileset", ".", "*") == Set(("own.txt",))


def test_a_file_that_becomes_a_pipe_is_not_waited_for(files, place, monkeypatch):
    pipe = place / "repository" / "module" / "pipe"
    os.mkfifo(pipe)
    assert_unknown(files_module._read(pipe, "file()"), "regular file")


@pytest.mark.parametrize(
    "path", ["own.txt\0", "\0", "x" * 300, "x/" * 3_000, "own.txt/x", "sub", "", "..", "\ud800"]
)
@pytest.mark.parametrize("name", OPENING)
def test_paths_that_are_no_files(files, name, path):
    with pytest.raises(EvaluationError):
        run(files, name, path)


@pytest.mark.parametrize("path", ["own.txt\0", "x" * 300, "own.txt/x", "sub", "", "..", "\ud800"])
def test_paths_of_which_terraform_does_not_say_whether_they_exist(files, path):
    with pytest.raises(EvaluationError):
        run(files, "fileexists", path)


# Limits.


@pytest.mark.parametrize("name", OPENING)
def test_large_files_are_not_read(files, place, name, monkeypatch):
    monkeypatch.setattr(files_module, "MAX_BYTES", 3)
    assert not isinstance(run(files, name, "own.txt"), Unknown)
    assert_unknown(run(files, name, "sub/below.txt"), "larger")


def test_a_file_whose_base64_is_too_long(files, monkeypatch):
    monkeypatch.setattr(files_module, "MAX_TEXT", 4)
    assert_unknown(run(files, "filebase64", "sub/below.txt"), "larger")


def test_a_sparse_file_of_any_size_is_not_read(files, place):
    with (place / "repository" / "module" / "large").open("wb") as stream:
        stream.truncate(1 << 40)
    for name in OPENING:
        assert_unknown(run(files, name, "large"), "larger")
    assert run(files, "fileexists", "large") is True


def test_a_set_of_too_many_files_is_not_told(files, place, monkeypatch):
    monkeypatch.setattr(files_module, "MAX_LOOKS", 20)
    for number in range(10):
        (place / "repository" / "module" / f"{number}.txt").touch()
    assert len(run(files, "fileset", ".", "*.txt")) == 11
    for number in range(10, 20):
        (place / "repository" / "module" / f"{number}.txt").touch()
    assert_unknown(run(files, "fileset", ".", "*.txt"), "more files")


def test_folders_as_deep_as_can_be(files, place):
    module = place / "repository" / "module"
    here = os.open(module, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    try:
        assert run(files, "fileset", ".", "**") == Set(("own.txt", "sub/below.txt"))
        assert_unknown(run(files, "fileset", ".", "**/*/x"), "more files")
    finally:
        subprocess.run(["rm", "-rf", module / "d"], check=True)  # Too deep for pytest to clear away.


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 50 + "b",
        "*" * 2_000 + "b",
        "{a,b}" * 2_000,
        "{" * 4_000,
        "{a,{a," * 500 + "}" * 1_000,
        "*{a,b}" * 300,
        "**/" * 300 + "*",
        "[a-z]" * 800 + "b",
        "a" * 100_000,
    ],
)
def test_patterns_end(files, place, pattern):
    (place / "repository" / "module" / ("a" * 250)).touch()
    try:
        found = run(files, "fileset", ".", pattern)
    except EvaluationError:
        return
    assert isinstance(found, Set | Unknown)


def test_the_steps_of_a_pattern_are_counted_over_all_names():
    def match_many():
        matcher = glob.Matcher()
        for number in range(glob._MAX_STEPS // 100):
            matcher.matches("*a*b*c", f"{number:0200}")

    with pytest.raises(glob.TooMuchWorkError):
        match_many()


# What depends on the machine, or on the time.


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("abspath", [""]),
        ("abspath", ["."]),
        ("abspath", ["a/b"]),
        ("abspath", ["../a"]),
        ("abspath", ["~/a"]),
        ("pathexpand", ["~"]),
        ("pathexpand", ["~/a"]),
        ("pathexpand", ["~\\a"]),
        ("plantimestamp", []),
        *((name, ["~/own.txt"]) for name in READING),
    ],
)
def test_what_differs_from_machine_to_machine_is_not_known(files, name, arguments, monkeypatch):
    monkeypatch.setenv("HOME", str(files.base))
    found = run(files, name, *arguments)
    assert isinstance(found, Unknown)
    assert found.reason is Reason.UNSUPPORTED
    assert found.detail
    assert found.origin == f"{name}()"


@pytest.mark.parametrize(
    ("name", "arguments"), [("bcrypt", ["a"]), ("bcrypt", ["a", 4]), ("timestamp", []), ("uuid", [])]
)
def test_what_differs_at_each_call_is_known_after_apply(name, arguments):
    assert run(None, name, *arguments).reason is Reason.AFTER_APPLY


def test_the_exceptions_are_named():
    named = hashing.MADE_AT_APPLY | times.MADE_AT_APPLY | times.MADE_BY_PLAN | files_module.DEPENDS_ON_MACHINE
    assert named == {"abspath", "bcrypt", "pathexpand", "plantimestamp", "timestamp", "uuid"}
    assert named <= FUNCTIONS.keys()


# Limits of what is computed.


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("timeadd", ["2020-01-01T00:00:00Z", "0" * 100_000 + "h"]),
        ("formatdate", ["'" * 100_000, "2020-01-01T00:00:00Z"]),
        ("cidrhost", ["0" * 100_000 + "10.0.0.0/8", 1]),
        ("cidrcontains", ["10.0.0.0/8", "0" * 100_000 + "10.0.0.0"]),
    ],
)
def test_texts_that_are_too_long_to_be_read(name, arguments):
    with pytest.raises(LimitError):
        run(None, name, *arguments)


@pytest.mark.parametrize("newbits", [-(10**18), -(2**63), 2**63 - 1])
def test_numbers_that_would_be_shifted_too_far(newbits):
    with pytest.raises(EvaluationError):
        run(None, "cidrsubnet", "10.0.0.0/16", newbits, 1)


def test_keys_that_are_too_large_to_decrypt_with():
    huge = "-----BEGIN RSA PRIVATE KEY-----\n" + "AAAA" * 10_000 + "\n-----END RSA PRIVATE KEY-----\n"
    assert isinstance(run(None, "rsadecrypt", "AAAA", huge), Unknown)


@pytest.mark.parametrize("bits", [9_000, 60_000])
def test_moduli_that_are_too_large_to_decrypt_with(bits):
    import base64

    def number(value):
        body = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02\x84" + len(body).to_bytes(4, "big") + body

    body = b"".join(map(number, [0, 1 << bits | 1, 65_537, 3, 5, 7, 1, 1, 1]))
    data = base64.b64encode(b"\x30\x84" + len(body).to_bytes(4, "big") + body).decode()
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{data}\n-----END RSA PRIVATE KEY-----\n"
    assert_unknown(run(None, "rsadecrypt", "AAAA", key), "larger")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "MA==",
        "MIA=",
        "MIQ=",
        "AgEA",
        "MAMCAQA=",
        "MAMCAQI=",
        "MIL//wIBAA==",
        "b3BlbnNzaC1rZXktdjEA",
        "b3BlbnNzaC1rZXktdjEA/////w==",
    ],
)
@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"])
def test_keys_that_are_malformed(kind, body):
    with pytest.raises(EvaluationError):
        run(None, "rsadecrypt", "AAAA", f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")


def test_networks_that_opentofu_compares():
    """After https://opentofu.org/docs/language/functions/cidrcontains (read 2026-11-24)."""
    assert run(None, "cidrcontains", "192.168.2.0/20", "192.168.2.1") is True
    assert run(None, "cidrcontains", "192.168.2.0/20", "192.168.2.0/22") is True
    assert run(None, "cidrcontains", "192.168.2.0/20", "192.126.2.1") is False
    assert run(None, "cidrcontains", "10.0.0.0/8", "10.0.0.0/8") is True
    assert run(None, "cidrcontains", "10.0.0.0/8", "0.0.0.0/0") is False
    assert run(None, "cidrcontains", "10.0.0.0/8", "9.255.255.255") is False
    assert run(None, "cidrcontains", "10.0.0.0/8", "::ffff:10.1.1.1") is True
    assert run(None, "cidrcontains", "::/0", "fe80::1") is True
    for contained in ("fe80::1", "fe80::/16", "10.0.0", "10.0.0.0/33", "", "x"):
        with pytest.raises(EvaluationError):
            run(None, "cidrcontains", "10.0.0.0/8", contained)
    with pytest.raises(EvaluationError):
        run(None, "cidrcontains", "10.0.0.0", "10.0.0.0")
