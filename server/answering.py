"""Make the assistants of the configuration; refuse what cannot work."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from server.assistant.chat_model import ModelAssistant
from server.assistant.completions import ChatEndpoint, Completions
from server.assistant.prompting import shipped_prompt
from server.assistant.scripted import ScriptedAssistant, read_script
from server.assistant.webhook import WebhookAssistant
from server.broker.ports.assistants import Assistant, AssistantPolicy
from server.clock import Clock
from server.config import Config
from server.config_assistants import AssistantSettings
from server.config_rules import ConfigError, check_model_url
from server.notices.signed_post import SignedPost, check_url


def assistants_of(config: Config, clock: Clock) -> dict[str, Assistant]:
    """Return every assistant that the broker asks, by its name.

    Raises:
        ConfigError: a setting is missing or makes no sense, or a file cannot be read.
    """
    return {name: _MAKERS[one.kind](config, name, one, clock) for name, one in config.settings.assistants.items()}


def policy_of(settings: AssistantSettings) -> AssistantPolicy:
    """Return how an assistant is treated."""
    return AssistantPolicy(
        attempts=settings.attempts,
        every_turn=settings.kind == "webhook",
        history_turns=settings.history_turns,
        most_answers=settings.most_answers,
        later_seconds=settings.later_seconds,
        queue=settings.queue,
        priority=settings.priority,
        handoff_text=settings.handoff_text,
        question_text=settings.question_text,
        failure_text=settings.failure_text,
    )


def _model(config: Config, name: str, settings: AssistantSettings, clock: Clock) -> Assistant:
    where = f"[assistants.{name}]"
    check_model_url(where, settings.url)
    if not settings.model:
        raise ConfigError(f"{where} model is missing: say which of the endpoint's models is asked.")
    endpoint = ChatEndpoint(
        url=settings.url,
        model=settings.model,
        key=config.secret(settings.key_file),
        timeout_seconds=settings.timeout_seconds,
    )
    prompt = _text(config, f"{where} prompt", settings.prompt) if settings.prompt else shipped_prompt()
    return ModelAssistant(
        Completions(endpoint),
        policy_of(settings),
        clock,
        prompt=prompt,
        functions=settings.functions,
        most_tokens=settings.most_tokens,
    )


def _webhook(config: Config, name: str, settings: AssistantSettings, clock: Clock) -> Assistant:
    where = f"[assistants.{name}]"
    problem = check_url(settings.url, allow_private=settings.allow_private)
    if problem:
        raise ConfigError(f"{where} url: {problem}.")
    secret = config.secret(settings.secret_file)
    if secret is None:
        raise ConfigError(f"{where} secret_file is missing: your bot could not tell our requests from others.")
    try:
        post = SignedPost(settings.url, secret, clock, allow_private=settings.allow_private)
    except ValueError as error:
        raise ConfigError(f"{where} secret_file: {error}") from error
    return WebhookAssistant(name, post, policy_of(settings), clock, answer_seconds=settings.timeout_seconds)


def _script(config: Config, name: str, settings: AssistantSettings, _clock: Clock) -> Assistant:
    where = f"[assistants.{name}] script"
    if not settings.script:
        raise ConfigError(f"{where} is missing: name the file with its replies.")
    try:
        script = read_script(_text(config, where, settings.script))
    except ValueError as error:
        raise ConfigError(f"{where}: {settings.script} cannot be used: {error}") from error
    return ScriptedAssistant(script, policy_of(settings))


def _text(config: Config, where: str, file: str) -> str:
    try:
        return (config.folder / Path(file).expanduser()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {file} cannot be read.") from error


_MAKERS: Final[Mapping[str, Callable[[Config, str, AssistantSettings, Clock], Assistant]]] = {
    "model": _model,
    "webhook": _webhook,
    "script": _script,
}
