"""Write what is generated from the code: the viewer's TypeScript and both services' OpenAPI.

With --check nothing is written; exit status 1 names the files that are stale.
"""

import json
import sys
from pathlib import Path

from trackmania_rl.environment.race import Race
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents import Agents
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol.typescript import TARGET, typescript

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file's content."""
    apps = {
        "environment": environment_app([Race("main", library.load("sprint"))]),
        "model": model_app(Agents()),
    }
    schemas = {
        ROOT / f"docs/openapi/{name}.json": json.dumps(app.openapi_schema.to_schema(), indent=1) + "\n"
        for name, app in apps.items()
    }
    return {TARGET: typescript(), **schemas}


def main() -> None:
    """Write the files, or check them."""
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"stale: {names}; run `make generate`" if stale else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated()[path])
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
