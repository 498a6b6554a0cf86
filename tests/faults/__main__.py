"""The fault suite: `./studio faults`. Everything dies at every point there is, and at random; after that everything is looked at."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("STUDIO_TEST_PATIENCE", "8")  # where much dies, much waits

import tests.conftest  # noqa: F401 (says what Prefect reads when it is imported)
from tests.faults.suite import PARTS, SCENES, Suite


def main() -> int:
    """Play; 1 when anything is wrong, or was never reached."""
    asked = _asked()
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    scenes = tuple(scene for scene in SCENES if not asked.scenes or scene.__name__ in asked.scenes)
    home = Path(tempfile.mkdtemp(prefix="studio-faults-"))
    suite = Suite(home, seed, _say, asked.points, scenes, asked.minutes, asked.parts or PARTS)
    _say(f"seed {seed}, {len(suite.points)} points, {len(scenes)} scenes, {asked.minutes:g} minutes at most, logs in {home}")
    try:
        wrong = suite.run()
    except KeyboardInterrupt:  # everything is stopped by now, but for those who wait in threads
        _say(f"Stopped; logs in {home}.")
        os._exit(130)
    for sentence in wrong:
        _say(f"WRONG: {sentence}")
    if not wrong:
        shutil.rmtree(home)
    _say(f"{len(wrong)} things are wrong; --seed {seed} plays the same again." if wrong else "Nothing is wrong.")
    return int(bool(wrong))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./studio faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="play the same again; printed at the beginning")
    parser.add_argument(
        "--points",
        action="append",
        default=[],
        metavar="WORD",
        help="only points that begin so: effect/, run/wanted, step/proposal …",
    )
    parser.add_argument(
        "--scenes", action="append", default=[], metavar="NAME", choices=[scene.__name__ for scene in SCENES], help="only these scenes"
    )
    parser.add_argument("--parts", action="append", default=[], choices=PARTS, help="only these parts")
    parser.add_argument("--minutes", type=float, default=120, help="begin nothing new after so long (default 120)")
    return parser.parse_args()


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
