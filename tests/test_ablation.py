import pytest
import torch
from network_cases import NARROWEST, patchy_trimap, photos
from torch import nn

from matting.evaluation.ablation import ABLATIONS, WITHOUT_HARD, ablated
from matting.evaluation.paper import find
from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.cfc import CrossFusion2d
from matting.networks.refinement import RefinementModule
from matting.networks.spamattnet import CONFIGS, SPAMattNet

PARTS = {
    "GPA": GlobalPropagationAttention,
    "LSPA": LocalSamplingPropagationAttention,
    "CFC": CrossFusion2d,
    "RM": RefinementModule,
}


def has(network: nn.Module, part):
    return any(isinstance(module, part) for module in network.modules())


def test_the_rows_are_table_fours():
    assert tuple(ABLATIONS) == tuple(row.method for row in find("IV", "composition-1k").rows)


@pytest.mark.parametrize("row", ABLATIONS)
def test_a_network_lacks_what_its_row_names_and_has_the_rest(row):
    network = SPAMattNet(ablated(NARROWEST, row)).eval()
    lacking = {name for name in PARTS if name in row and row != "SPAMattNet"}
    assert {name for name, part in PARTS.items() if not has(network, part)} == lacking - {"SPAMattNet"}
    with torch.no_grad():
        assert network(photos(1, 64, 64), patchy_trimap(1, 64, 64)).alpha.shape == (1, 1, 64, 64)


@pytest.mark.parametrize("name", ["small", "paper"])
def test_only_the_loss_differs_without_l_hard(name):
    assert ablated(CONFIGS[name], WITHOUT_HARD) == ablated(CONFIGS[name], "SPAMattNet") == CONFIGS[name]


def test_an_unknown_row_is_refused():
    with pytest.raises(ValueError, match="without ASPP"):
        ablated(NARROWEST, "without ASPP")
