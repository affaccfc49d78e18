"""Print, as a JSON list, the pulumi-plugin.json of every package on the import path."""

import glob
import json
import os
import re
import sys
from importlib import metadata


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def main():
    found = {}
    for entry in sys.path:
        for path in sorted(glob.glob(os.path.join(glob.escape(entry or os.getcwd()), "*", "pulumi-plugin.json"))):
            found.setdefault(canonical(os.path.basename(os.path.dirname(path))), path)
    packages = []
    for name, path in sorted(found.items()):
        with open(path, encoding="utf-8") as file:
            plugin = json.load(file)
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = ""
        packages.append({"name": name, "version": version, "plugin": plugin})
    json.dump(packages, sys.stdout)


main()
