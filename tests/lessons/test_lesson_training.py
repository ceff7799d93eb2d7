import torch

from matting.lessons.training import check_all_hard, check_hard_mining, check_patience
from matting.training.losses import hard_mining_loss
from matting.training.observers import Observer


def hardest(predicted, alpha, region, percent, largest=True, known=False):
    losses = []
    for error, inside in zip((predicted - alpha).abs(), region, strict=True):
        errors = (error.flatten() if known else error[inside > 0.5]).sort(descending=largest).values
        losses.append(errors[: -int(-len(errors) * percent // 100)].mean())
    return torch.stack(losses).mean()


def wrong(verdict, *words):
    assert verdict.right is False and all(word in verdict.said for word in words), verdict


def test_stubs_are_not_yet_answered():
    assert check_all_hard(None).right is None
    assert check_hard_mining(lambda *given: ...).right is None
    assert check_patience(None).right is None
    assert check_patience(Unwritten).right is None


def test_all_pixels_hard_is_the_plain_mean():
    assert check_all_hard("equal").right and "True" in check_all_hard("equal").said
    wrong(check_all_hard("smaller"), "never below")
    wrong(check_all_hard("larger"), "no pixel is left out")
    wrong(check_all_hard("maybe"), "one of smaller, equal, larger")


def test_hard_mining_by_sorting_is_accepted_and_its_mistakes_are_named():
    assert check_hard_mining(hardest).right and check_hard_mining(hard_mining_loss).right
    wrong(check_hard_mining(lambda *given: hardest(*given, largest=False)), "smallest errors")
    wrong(check_hard_mining(lambda *given: hardest(*given, known=True)), "Known pixels")
    wrong(check_hard_mining(lambda *given: 2 * hardest(*given)), "p = 50")
    wrong(check_hard_mining(lambda a, b, region, percent: hardest(a, b, region, 50.0)), "p = 10")

    def together(predicted, alpha, region, percent):
        errors = (predicted - alpha).abs()[region > 0.5].sort().values
        return errors[len(errors) // 2 :].mean()

    wrong(check_hard_mining(together), "sorted together")


class Unwritten(Observer):
    def __init__(self, score, patience):
        self.score, self.patience = score, patience

    def on_look(self, look):
        return ...


class Patience(Observer):
    def __init__(self, score, patience):
        self.score, self.patience, self.best, self.waited = score, patience, float("inf"), 0

    def on_look(self, look):
        better = look.scores[self.score] < self.best
        self.best, self.waited = min(self.best, look.scores[self.score]), 0 if better else self.waited + 1
        if self.waited == self.patience:
            raise KeyboardInterrupt


class Hasty(Patience):
    def on_look(self, look):
        worse, self.best = look.scores[self.score] > self.best, look.scores[self.score]
        if worse:
            raise KeyboardInterrupt


def test_patience_stops_when_it_should_and_not_before():
    assert check_patience(Patience).right
    wrong(check_patience(Hasty), "instead of 4")
    wrong(check_patience(lambda score, patience: Observer()), "never stopped")
    wrong(check_patience(lambda score, patience: Patience(score, 1)), "stopped at look 3")
