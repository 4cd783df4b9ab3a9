"""Messages of the library in the spelling of the command line."""

import re

# What stands in messages for those who write Python, and what it is called here.
_SPELLINGS = (
    (
        r"name the tensor to explain by forward=.*$",
        "write a module that calls it and returns that tensor, and give path/to/file.py:callable",
    ),
    (r"layer=None without a target", "neither --layer nor --target"),
    (r"layer=None", "no --layer"),
    (r"\b(rule|precision|method|by|layer|target|wrt|memory|scratch|tol|products)=['\"]?(\w*)['\"]?",
     r"--\1 \2"),
    (r"\bn_components\b", "--components"),
)  # fmt: skip


def on_command_line(message: str) -> str:
    """Return a message with options in place of keyword arguments, in one line.

    >>> on_command_line("try precision='double', or allow more by memory=. Or give a .npy file")
    'try --precision double, or allow more by --memory. Or give a .npy file'
    """
    for pattern, spelling in _SPELLINGS:
        message = re.sub(pattern, spelling, message)
    return re.sub(r"\s+(?=[,;:)]|\.(?!\w)|$)", "", " ".join(message.split()))
