import * as pulumi from "@pulumi/pulumi";

/**
 * For a resource that somebody may have made by hand and that `pulumi import` brings into a stack, where it has no
 * parent: the next up finds it there, under its own name, and gives it the one it has here.
 */
export const adoptable: pulumi.CustomResourceOptions = { aliases: [{ parent: pulumi.rootStackResource }] };
