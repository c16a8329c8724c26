"""Make the translator of the configuration; refuse what cannot work."""

from pathlib import Path

from server.assistant.completions import ChatEndpoint, Completions
from server.broker.ports.translator import Translator
from server.config import Config
from server.config_rules import ConfigError, check_model_url
from server.translation.model import ModelTranslator
from server.translation.scripted import Phrase, ScriptedTranslator, read_phrases, shipped_phrases


def translator_of(config: Config) -> Translator | None:
    """Return who translates; None where nobody does.

    Raises:
        ConfigError: a setting is missing or makes no sense, or a file cannot be read.
    """
    wanted = config.settings.translation
    if wanted.kind == "off":
        return None
    if wanted.kind == "script":
        return ScriptedTranslator(
            _phrases(config, wanted.script), languages=wanted.languages, automatic=wanted.automatic
        )
    check_model_url("[translation]", wanted.url)
    if not wanted.model:
        raise ConfigError("[translation] model is missing: say which of the endpoint's models is asked.")
    endpoint = ChatEndpoint(
        url=wanted.url,
        model=wanted.model,
        key=config.secret(wanted.key_file),
        timeout_seconds=wanted.timeout_seconds,
    )
    return ModelTranslator(Completions(endpoint), languages=wanted.languages, automatic=wanted.automatic)


def _phrases(config: Config, file: str) -> tuple[Phrase, ...]:
    try:
        text = (config.folder / Path(file).expanduser()).read_text(encoding="utf-8") if file else shipped_phrases()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[translation] script: {file} cannot be read.") from error
    try:
        return read_phrases(text)
    except ValueError as error:
        raise ConfigError(f"[translation] script: {file} cannot be used: {error}.") from error
