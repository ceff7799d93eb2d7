from matting.lessons.adaptation import check_balance, check_floor, check_judgement
from matting.training.adaptation import discriminator_loss


def wrong(verdict, *words):
    assert verdict.right is False and all(word in verdict.said for word in words), verdict


def test_stubs_are_not_yet_answered():
    assert check_balance(None, None).right is None
    assert check_judgement(lambda *given: ...).right is None
    assert check_floor(lambda step: None).right is None


def test_the_balance_is_a_half_and_a_quarter():
    assert check_balance(0.5, 0.25).right
    wrong(check_balance(0.25, 0.25), "two terms")
    wrong(check_balance(0.5, 0.5), "Square")


def test_equation_17_must_not_reach_the_composite():
    assert check_judgement(lambda judge, made, photo: discriminator_loss(judge(made.detach()), judge(photo))).right
    wrong(check_judgement(lambda judge, made, photo: discriminator_loss(judge(made), judge(photo))), "Detach")
    wrong(check_judgement(lambda judge, made, photo: discriminator_loss(judge(photo), judge(made))), "reverse")
    wrong(check_judgement(lambda judge, made, photo: judge(made.detach()).square().mean()), "Eq. 17")

    def idle(judge, made, photo):
        return discriminator_loss(judge(made), judge(photo)).detach().requires_grad_(True)

    wrong(check_judgement(idle), "D itself")


def test_a_floor_is_kept_and_the_halving_before_it():
    assert check_floor(lambda step: max(0.5 * 0.5 ** (step // 20), 1 / 16)).right
    wrong(check_floor(lambda step: 0.5 * 0.5 ** (step // 20)), "below 1/16")
    wrong(check_floor(lambda step: 0.5), "halved once")
