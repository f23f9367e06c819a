"""Hard-links every __pycache__ of one venv into another: share-bytecode.py FROM TO."""

import os
import sys

source, target = sys.argv[1:]
for folder, _, files in os.walk(source):
    if os.path.basename(folder) != "__pycache__":
        continue
    to = os.path.join(target, os.path.relpath(folder, source))
    if not os.path.isdir(os.path.dirname(to)):
        continue
    os.makedirs(to, exist_ok=True)
    for name in files:
        os.link(os.path.join(folder, name), os.path.join(to, name))
