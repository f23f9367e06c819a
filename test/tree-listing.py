"""Prints everything that a tree of files is made of, one JSON object a line, sorted by path.

A folder's time is left out: it says when something was last put into it.
"""

import hashlib
import json
import os
import stat
import sys

top = os.fsencode(sys.argv[1])
groups: dict[tuple[int, int], str] = {}


def content(path: bytes) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def look(path: bytes) -> None:
    seen = os.lstat(path)
    name = os.path.relpath(path, top).decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode()
    kind = stat.S_IFMT(seen.st_mode)
    line = {
        "path": name,
        "type": stat.filemode(seen.st_mode)[0],
        "mode": oct(stat.S_IMODE(seen.st_mode)),
        "owner": f"{seen.st_uid}:{seen.st_gid}",
        "attributes": {
            key: os.getxattr(path, key, follow_symlinks=False).hex()
            for key in sorted(os.listxattr(path, follow_symlinks=False))
        },
    }
    if kind == stat.S_IFLNK:
        line["target"] = os.readlink(path).decode("utf-8", "backslashreplace")
    if kind == stat.S_IFREG:
        first = groups.setdefault((seen.st_dev, seen.st_ino), name)
        line |= {"time": int(seen.st_mtime), "size": seen.st_size, "links": seen.st_nlink, "same": first}
        if first == name:
            line["sha256"] = content(path)
    print(json.dumps(line, sort_keys=True))
    if kind == stat.S_IFDIR:
        for entry in sorted(os.listdir(path)):
            look(os.path.join(path, entry))


look(top)
