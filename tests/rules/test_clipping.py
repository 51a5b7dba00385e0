"""Which clipping is said to come at the wrong time, on scaled gradients, or for nothing (INL402, INL403, INL405)."""

from __future__ import annotations

import pytest
from projects import Project, loop

from initlint import Severity

# --------------------------------------------------------------------------------------------------------------- silent


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "optimizer.zero_grad(); loss.backward(); clip_grad_norm_(model.parameters(), 1.0); optimizer.step()"
        ),
        pytest.param(
            """
            loss.backward()
            if flag:
                clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            """,
            id="a clip in a branch",
        ),
        pytest.param(
            """
            loss.backward()
            if i % every:
                continue
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            """,
            id="a round that ends early while batches are gathered",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            loss.backward(retain_graph=True)
            clip_grad_norm_(model.parameters(), 1.0)
            model.penalty().backward()
            optimizer.step()
            """,
            id="two losses of which one is bounded",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            loss.backward()
            apply_gradients(model)
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            """,
            id="something unknown in between",
        ),
        pytest.param(
            """
            loss.backward()
            norm = clip_grad_norm_(model.parameters(), 1.0)
            if norm < 100:
                optimizer.step()
            optimizer.zero_grad()
            """,
            id="a step that is left out when the norm is large",
        ),
        pytest.param(
            """
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            if i % every == 0:
                optimizer.step()
            optimizer.zero_grad()
            """,
            id="steps that are left out, and nothing gathered",
        ),
    ],
)
def test_clipping_at_the_right_time_or_at_one_that_is_not_known_is_silent(project: Project, body: str) -> None:
    assert project.add("train.py", loop(body)).is_right("INL402")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            """
            optimizer.zero_grad()
            if flag:
                scaler.scale(loss).backward()
            else:
                loss.backward()
            if flag:
                scaler.unscale_(optimizer)
            clip_grad_norm_(model.parameters(), 1.0)
            if flag:
                scaler.step(optimizer)
            else:
                optimizer.step()
            """,
            id="the same test three times",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            send_back(loss, scaler if flag else None)
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            """,
            id="a step that no scaler makes",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            unscale_everything(scaler)
            clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            """,
            id="something unknown that is given the scaler",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            log(clip_grad_norm_(model.parameters(), float("inf")))
            scaler.step(optimizer)
            """,
            id="a norm that is only read",
        ),
    ],
)
def test_gradients_that_are_unscaled_or_perhaps_are_silent(project: Project, body: str) -> None:
    assert project.add("train.py", loop(body)).is_right("INL403")


def test_a_test_on_a_parameter_is_one_on_what_the_call_gives_for_it(project: Project) -> None:
    project.add(
        "steps.py",
        """
        def send_back(total, scaling):
            if scaling is not None:
                scaling.scale(total).backward()
            else:
                total.backward()
        """,
    ).add(
        "train.py",
        """
        import torch
        from steps import send_back

        def fit(model, loader, amp):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scaler = torch.amp.GradScaler("cuda") if amp else None
            for x, y in loader:
                optimizer.zero_grad()
                send_back((model(x) - y).pow(2).mean(), scaler)
                if scaler is not None:
                    scaler.unscale_(optimizer)
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    scaler.step(optimizer)
                    scaler.update()
                else:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
        """,
    )
    assert project.is_right("INL403")


def test_a_hook_of_a_trainer_of_the_project_itself_is_no_hook_of_a_framework(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch

        class Base:
            def fit(self, loader):
                for batch in loader:
                    self.optimizer.zero_grad()
                    self.loss(batch).backward()
                    self.training_step(batch)
                    self.optimizer.step()

        class Net(Base):
            def training_step(self, batch):
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        """,
    )
    assert project.is_right("INL402")


# ------------------------------------------------------------------------------------------------------------- reported


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            """
            clip_grad_norm_(model.parameters(), 1.0)  # here
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            """,
            id="before the gradients of the step before are cleared",
        ),
        pytest.param(
            """
            optimizer.zero_grad()
            with torch.autograd.detect_anomaly():
                loss.backward()
            try:
                optimizer.step()
            finally:
                clip_grad_norm_(model.parameters(), 1.0)  # here
            """,
            id="in a finally",
        ),
        pytest.param(
            """
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)  # here
            if (i + 1) % every != 0:
                continue
            optimizer.step()
            optimizer.zero_grad()
            """,
            id="before the round ends early",
        ),
        pytest.param(
            """
            for part in x.split(8):
                model(part).sum().backward()
                clip_grad_norm_(model.parameters(), 1.0)  # here
            optimizer.step()
            optimizer.zero_grad()
            """,
            id="in a loop over micro-batches",
        ),
        pytest.param(
            """
            for p in model.parameters():
                p.grad = None
            clip_grad_norm_(model.parameters(), 1.0)  # here
            loss.backward()
            optimizer.step()
            """,
            id="after clearing by hand",
        ),
    ],
)
def test_clipping_at_the_wrong_time_is_reported_where_it_stands(project: Project, body: str) -> None:
    assert project.add("train.py", loop(body)).is_right("INL402")


def test_the_step_of_an_environment_is_no_step(project: Project) -> None:
    project.add(
        "agent.py",
        """
        import torch
        from torch.nn.utils import clip_grad_norm_

        class Agent:
            def __init__(self, config):
                self.config = config
                self.task = config.task_fn()
                self.network = config.network_fn()
                self.optimizer = torch.optim.RMSprop(self.network.parameters())

            def step(self, state):
                for _ in range(self.config.rollout_length):
                    state, reward, done, info = self.task.step(self.network(state))
                loss = self.surrogate(state, reward, self.clip_range())
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)  # here
        """,
    )
    assert project.is_right("INL402")


def test_a_scaler_with_a_stand_in_for_where_there_is_none_is_one(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch
        from torch.nn.utils import clip_grad_norm_

        try:
            from torch.cuda.amp import GradScaler
        except ImportError:
            class GradScaler:
                def __init__(self, enabled=True):
                    pass

                def scale(self, loss):
                    return loss

                def step(self, optimizer):
                    optimizer.step()

                def update(self):
                    pass

        def train(args, model, loader):
            optimizer = torch.optim.AdamW(model.parameters())
            scaler = GradScaler(enabled=args.mixed_precision)
            for x, y in loader:
                optimizer.zero_grad()
                scaler.scale((model(x) - y).pow(2).mean()).backward()
                clip_grad_norm_(model.parameters(), 1.0)  # here
                scaler.step(optimizer)
                scaler.update()
        """,
    )
    assert project.is_right("INL403")


def test_clear_backward_clip_and_step_are_put_in_order_over_four_files(project: Project) -> None:
    project.add(
        "limits.py", "import torch\n\ndef bound(net):\n    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)\n"
    )
    project.add("back.py", "def send(loss, optimizer):\n    optimizer.zero_grad()\n    loss.backward()\n")
    project.add("ahead.py", "def make(optimizer):\n    optimizer.step()\n")
    project.add(
        "train.py",
        """
        import torch
        from ahead import make
        from back import send
        from limits import bound

        def fit(net, loader):
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x in loader:
                send(net(x).sum(), optimizer)
                make(optimizer)
                bound(net)  # here
        """,
    )
    assert project.is_right("INL402")


def test_of_two_loops_that_call_a_helper_the_one_that_calls_it_too_early_is_reported(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch

        def limit(model):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)

        def right(model, optimizer, loader):
            for x in loader:
                optimizer.zero_grad()
                model(x).sum().backward()
                limit(model)
                optimizer.step()

        def other(model, optimizer, loader):
            for x in loader:
                optimizer.zero_grad()
                limit(model)  # here
                model(x).sum().backward()
                optimizer.step()
        """,
    )
    assert project.is_right("INL402")


def test_a_literal_argument_decides_the_branches_of_a_helper(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch

        def finish(scaler, optimizer, model, unscale=False):
            if unscale:
                scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)

        def fit(model, loader):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scaler = torch.amp.GradScaler("cuda")
            for x in loader:
                optimizer.zero_grad()
                scaler.scale(model(x).sum()).backward()
                finish(scaler, optimizer, model)  # here
                scaler.update()
        """,
    )
    assert project.is_right("INL403")


def test_the_evidence_of_a_scaled_clip_says_what_its_bound_is_worth(project: Project) -> None:
    body = "scaler.scale(loss).backward(); clip_grad_norm_(model.parameters(), 1.0); scaler.step(optimizer)"
    (finding,) = project.add("train.py", loop(body)).findings("INL403")
    assert finding.predicted == {"scale": 65536.0, "bound": 1.0, "true_bound": 1 / 65536}
    assert finding.help == "scaler.unscale_(optimizer) before clip_grad_norm_"


def test_a_bound_of_zero_is_an_error_and_one_of_infinity_a_warning(project: Project) -> None:
    for bound, severity in (("0", Severity.ERROR), ("-1.0", Severity.ERROR), ("float('inf')", Severity.WARNING)):
        body = f"loss.backward(); clip_grad_norm_(model.parameters(), {bound}); optimizer.step()"
        (finding,) = project.add("train.py", loop(body)).findings("INL405")
        assert finding.severity is severity


def test_a_used_up_generator_is_shown_with_what_used_it_up(project: Project) -> None:
    source = """
    import torch

    def step(model, x):
        params = model.parameters()
        total = sum(p.numel() for p in params)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1 / total)
        model(x).sum().backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
    """
    (finding,) = project.add("train.py", source).findings("INL405")
    assert "empty since line 5" in finding.message
    assert [place.line for place, _ in finding.related] == [5]
