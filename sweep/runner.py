"""Every network in a process of its own, with a limit of time and memory."""

import resource
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

from sweep.findings import Findings
from sweep.results import Results

_CONTEXT = get_context("forkserver")
# What takes long to import, once for all processes.
_CONTEXT.set_forkserver_preload(
    [
        "sweep.measure",
        "sweep.sources.timm",
        "sweep.sources.torchvision",
        "transformers",
        "torch_geometric.nn",
        "monai.networks.nets",
        "segmentation_models_pytorch",
    ]
)


@dataclass(frozen=True)
class Limits:
    """What one network may take.

    Attributes:
        seconds: of time.
        gigabytes: of memory.
    """

    seconds: int = 180
    gigabytes: int = 8


def run(names: Sequence[str], results: Results, limits: Limits, jobs: int) -> None:
    """Measure networks, several at a time, each unless another runner has it.

    Args:
        names: of the networks.
        results: keeps what is found.
        limits: for each network.
        jobs: how many at a time.
    """

    def each(name: str) -> None:
        if not results.claim(name):
            return
        findings = measured_apart(name, limits)
        results.add(findings)
        reason = findings.unfinished or " ".join([*findings.faults, *findings.refusals][:1])
        print(f"{findings.verdict:10} {findings.seconds:5.0f} s  {name}  {reason}", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(each, names))


def measured_apart(name: str, limits: Limits) -> Findings:
    """Measure one network in a process of its own."""
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_work, args=(name, limits, there))
    process.start()
    there.close()
    try:
        if here.poll(limits.seconds):
            return here.recv()
        return Findings(
            name, unfinished=f"took more than {limits.seconds} s", seconds=limits.seconds
        )
    except EOFError:
        return Findings(name, unfinished="the process died: too much memory?")
    finally:
        process.kill()
        process.join()


def _work(name: str, limits: Limits, pipe: Connection) -> None:
    import torch

    from sweep.catalogue import build, catalogue
    from sweep.measure import measure

    size = limits.gigabytes * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    try:
        case = build(catalogue()[name])
    except Exception as fault:
        reason = f"not built: {type(fault).__name__}: {str(fault).splitlines()[:1]}"
        pipe.send(Findings(name, unfinished=reason))
    else:
        pipe.send(measure(name, case))
