"""Say in one line why something failed."""

_LONGEST = 160


def reason(error: BaseException) -> str:
    """Give the kind of an exception and the first line of its message, shortened.

    Args:
        error: Any exception.

    Returns:
        One line, without a full stop at its end.
    """
    kind = type(error).__name__
    lines = str(error).strip().splitlines()
    if not lines:
        return kind
    first = lines[0].strip().rstrip(".:")
    return f"{kind}: {first[:_LONGEST]}{'…' if len(first) > _LONGEST else ''}"
