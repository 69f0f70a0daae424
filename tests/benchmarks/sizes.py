"""What is uploaded: the code asset of the functions, zipped and not."""

import tempfile
import zipfile
from pathlib import Path

from infra_cdk.staging import stage_code
from tests.benchmarks.report import Row


def rows() -> list[Row]:
    """Zip the code asset as a deployment does."""
    with tempfile.TemporaryDirectory() as folder:
        staged = stage_code(Path(folder) / "code")
        files = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        archive = Path(folder) / "code.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for path in files:
                out.write(path, path.relative_to(staged))
        plain = sum(path.stat().st_size for path in files)
        return [
            Row("code of all functions, zipped", _mb(archive.stat().st_size), "MB", "<= 60"),
            Row("code of all functions, unzipped", _mb(plain), "MB"),
        ]


def _mb(size: int) -> float:
    return round(size / 1e6, 3)
