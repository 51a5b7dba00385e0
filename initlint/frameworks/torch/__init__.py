"""What PyTorch's names mean: one table, a file for each subject.

What reads a program knows not which subject a name belongs to, and so asks all at once: ``torch.FUNCTIONS``. The names of
attributes alone stand apart, in `attributes`.
"""

from initlint.frameworks.torch.activations import *  # noqa: F403
from initlint.frameworks.torch.convolutions import *  # noqa: F403
from initlint.frameworks.torch.dispatched import *  # noqa: F403
from initlint.frameworks.torch.functions import *  # noqa: F403
from initlint.frameworks.torch.initializers import *  # noqa: F403
from initlint.frameworks.torch.lawless import *  # noqa: F403
from initlint.frameworks.torch.layers import *  # noqa: F403
from initlint.frameworks.torch.modules import *  # noqa: F403
from initlint.frameworks.torch.norms import *  # noqa: F403
from initlint.frameworks.torch.recurrent import *  # noqa: F403
from initlint.frameworks.torch.running import *  # noqa: F403
from initlint.frameworks.torch.tensors import *  # noqa: F403
