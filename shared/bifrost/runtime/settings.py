"""The desk's own settings, for the command line and the local stack (pydantic-settings).

`runtime.environment` is its counterpart inside a Lambda, where pydantic is not affordable.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from bifrost.core.errors import FieldProblem, InvalidInputError


class Settings(BaseSettings):
    """What the environment may say; every field has a default that works on a laptop.

    What is set to nothing is not set: an empty path would be the working folder.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    home: Path | None = Field(None, validation_alias="BIFROST_HOME")
    database_url: str | None = Field(None, validation_alias="DATABASE_URL")
    aws_endpoint_url: str | None = Field(None, validation_alias="AWS_ENDPOINT_URL")
    aws_region: str = Field("us-east-1", validation_alias="AWS_REGION")
    api_url: str | None = Field(None, validation_alias="BIFROST_API")
    token: str | None = Field(None, validation_alias="BIFROST_TOKEN")
    feed_url: str | None = Field(None, validation_alias="BIFROST_FEED")
    no_color: str | None = Field(None, validation_alias="NO_COLOR")


@lru_cache
def settings() -> Settings:
    """Read the environment of this process, once; InvalidInputError where an address is none."""
    found = Settings()
    _check("DATABASE_URL", found.database_url, ("postgresql://", "postgres://"))
    _check("AWS_ENDPOINT_URL", found.aws_endpoint_url, ("http://", "https://"))
    return found


def _check(name: str, value: str | None, beginnings: tuple[str, ...]) -> None:
    if value and not value.startswith(beginnings):
        fix = f"begin it with {' or '.join(beginnings)}, or unset it"
        raise InvalidInputError(FieldProblem(name, "is no address", fix))
