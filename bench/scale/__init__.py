"""The product's code on a virtual clock: many accounts, many grants, the services' documented rates."""
