"""``specxai completion``."""

from typing import Literal

from specxai.cli.app import app


@app.command
def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print what makes a shell complete commands and options of specxai.

    For bash: specxai completion bash > ~/.local/share/bash-completion/completions/specxai.
    For zsh: specxai completion zsh > a file _specxai in a folder of $fpath. For fish: specxai
    completion fish > ~/.config/fish/completions/specxai.fish. A new shell then knows them.

    Args:
        shell: which one.
    """
    print(app.generate_completion(prog_name="specxai", shell=shell))
