//! Facts of posts against small catalogues made by hand.
