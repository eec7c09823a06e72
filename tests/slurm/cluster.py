"""A real SLURM with one node on loopback: munged, slurmctld and slurmd, started by hand.

No systemd, no cgroups, no accounting database. All files lie in one temporary folder, all ports are
free ones, and nothing outside the folder is written: a machine's own SLURM is left alone.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")  # of Debian and Ubuntu, 3 MB
# Character devices that are always there and that a job may open without harm.
STAND_INS = ("/dev/null", "/dev/zero", "/dev/full")
MEMORY_MB = 16_000  # on offer; more than the machine has is fine, the jobs of a test are small

CONFIGURATION = """\
ClusterName=fibgap
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CredType=cred/munge
# Loopback only.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={root}/ctld
SlurmdSpoolDir={root}/slurmd
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
# Neither MPI nor cgroups nor a switch: a container has none of them.
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
# No accounting: states come from squeue, so finished jobs are kept, and the test reads them too.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MinJobAge=3600
# Without cgroups a limit of memory is kept by looking: every second, the kernel's count of a step's
# processes against what the job asked for.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
# Quick decisions, quick ends.
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=2
KillWait=2
UnkillableStepTimeout=20
ReturnToService=2
# Cores and memory are what jobs share.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
# The node offers what stands here, whatever the machine has.
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=1440 State=UP
PartitionName=gpu Nodes={host} Default=NO MaxTime=1440 State=UP
"""


class ClusterError(RuntimeError):
    """The cluster did not come up; the message ends with what its logs say."""


def missing_programs() -> list[str]:
    """Return the programs of SLURM that cannot be found."""
    return [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]


def search_path() -> str:
    """Return PATH with the folders of system programs, which ordinary users lack on Debian."""
    return os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])


def install() -> str:
    """Install SLURM where that is possible; return why it is not there, or nothing."""
    missing = missing_programs()
    if not missing:
        return ""
    lacking = f"SLURM is not installed ({', '.join(missing)} not found)"
    if shutil.which("apt-get") is None:
        return f"{lacking}, and there is no apt-get to install it with"
    if os.geteuid() != 0:
        return f"{lacking}; as root: apt-get install {' '.join(PACKAGES)}"
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    missing = missing_programs()
    if missing:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"{lacking}, and apt-get could not install it: {said}"
    return ""


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """One node with the partitions cpu and gpu.

    Parameters
    ----------
    cpus : int
        Processors on offer.
    gpus : int
        GPUs on offer; each is a harmless device file.
    """

    def __init__(self, cpus: int = 4, gpus: int = 1) -> None:
        self.gpus = gpus
        # Short, since a socket's path may have 107 characters at most.
        self.root = Path(tempfile.mkdtemp(prefix="fibgap-slurm-"))
        self.root.chmod(0o755)
        self.daemons: list[subprocess.Popen[bytes]] = []
        host = socket.gethostname().split(".")[0]
        ctld_port, slurmd_port = free_ports(2)
        for name in ("ctld", "slurmd", "bin"):
            (self.root / name).mkdir()
        (self.root / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=host,
                root=self.root,
                user=_user(),
                ctld_port=ctld_port,
                slurmd_port=slurmd_port,
                cpus=cpus,
                memory=MEMORY_MB,
                gpus=gpus,
            )
        )
        # A count alone is refused for the name gpu (slurm 22.05).
        (self.root / "gres.conf").write_text(
            "".join(f"NodeName={host} Name=gpu File={file}\n" for file in STAND_INS[:gpus])
        )
        # The plugin's job step drops every SLURM_* variable before its inner srun, SLURM_CONF too.
        # A cluster has its file in /etc/slurm; here srun is told where it is.
        srun = shutil.which("srun", path=search_path())
        wrapper = self.root / "bin/srun"
        wrapper.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {shlex.quote(str(srun))} "$@"\n'
        )
        wrapper.chmod(0o755)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SLURM_")},
            "PATH": f"{self.root / 'bin'}{os.pathsep}{search_path()}",
            "SLURM_CONF": str(self.root / "slurm.conf"),
        }

    def __enter__(self) -> "Cluster":
        try:
            self._start_munge()
            self._spawn("slurmctld", "-D", "-c")
            self._spawn("slurmd", "-D", "-c")
            self._wait("the node", lambda: self.command("sinfo", "-h", "-o", "%T") == "idle")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_munge(self) -> None:
        """Start munged with a key of its own, and wait until it answers."""
        key = self.root / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid"}
        names |= {"log-file": "log", "seed-file": "seed"}
        options = [f"--{name}={self.root}/munge.{end}" for name, end in names.items()]
        self._spawn("munged", "--foreground", "--force", *options)
        self._wait("munged", (self.root / "munge.socket").exists)

    def _spawn(self, name: str, *arguments: str) -> None:
        """Start a daemon in the foreground; it ends with this process if that is killed."""
        command = [str(shutil.which(name, path=search_path())), *arguments]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with (self.root / f"{name}.out").open("wb") as out:
            daemon = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.daemons.append(daemon)

    def _wait(self, what: str, ready: object, seconds: float = 30) -> None:
        """Wait until a condition holds and no daemon has died."""
        assert callable(ready)
        end = time.monotonic() + seconds
        while not ready():
            dead = [daemon.args for daemon in self.daemons if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                why = f"{dead} ended" if dead else f"not ready after {seconds} s"
                raise ClusterError(f"{what}: {why}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self) -> str:
        """Return the ends of what the daemons said."""
        paths = sorted([*self.root.glob("*.log"), *self.root.glob("*.out")])
        return "\n".join(f"== {path.name}\n{path.read_text()[-2000:]}" for path in paths)

    def command(self, *arguments: str) -> str:
        """Run a program of SLURM and return what it printed."""
        done = subprocess.run(
            arguments, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def jobs(self) -> list[dict[str, str]]:
        """Return what SLURM knows of every job since the start, in the order of submission."""
        lines = self.command("scontrol", "show", "job", "--oneliner").splitlines()
        found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
        return sorted((job for job in found if "JobId" in job), key=lambda job: int(job["JobId"]))

    def stop(self) -> None:
        """Cancel what still runs, end the daemons that were started here, remove the folder."""
        if len(self.daemons) == 3:
            self.command("scancel", "--state=RUNNING", "--state=PENDING")
            end = time.monotonic() + 10
            while self.command("squeue", "-h", "--states=R,CG") and time.monotonic() < end:
                time.sleep(0.2)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons.clear()
        shutil.rmtree(self.root, ignore_errors=True)


def _user() -> str:
    """Return the name of the user of this process."""
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
