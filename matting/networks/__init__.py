"""The paper's networks: TGN (Fig. 3) and SPAMattNet (Fig. 2) with its attention (Fig. 4), CFC (Fig. 5) and RM."""
