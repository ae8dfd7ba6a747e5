"""A PostgreSQL server that is a process of ours, so that it can be killed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from worker.cli.processes import free_port

SYSTEM_USER = "pgserver"


class Server(NamedTuple):
    """The command that starts it, in a folder that was made for it."""

    command: tuple[str, ...]
    url: str


def prepare(folder: Path) -> Server:
    """Make a cluster in the folder. Run by root, it is another user's.

    The folder must not be below one of pytest's: other users may not go through those.
    """
    # It asks for such a folder when it is imported, though we use none of it.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pgserver import utils
    from pgserver._commands import POSTGRES_BIN_PATH

    data, prefix = folder / "data", ()
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = utils.ensure_user_exists(SYSTEM_USER)
        utils.ensure_prefix_permissions(POSTGRES_BIN_PATH)
        utils.ensure_folder_permissions(POSTGRES_BIN_PATH.parent, 0o555)
        folder.chmod(0o755)
        os.chown(data, owner.pw_uid, owner.pw_gid)
        ids = ("--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid))
        prefix = ("setpriv", *ids, "--clear-groups")
    initdb = (str(POSTGRES_BIN_PATH / "initdb"), "--auth=trust", "--username=postgres")
    options = ("--encoding=UTF8", "--no-locale", "-D", str(data))
    subprocess.run((*prefix, *initdb, *options), check=True, capture_output=True)
    port = free_port()
    listen = ("-h", "127.0.0.1", "-p", str(port), "-k", "")
    server = (str(POSTGRES_BIN_PATH / "postgres"), "-D", str(data))
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    return Server((*prefix, *server, *listen), url)
